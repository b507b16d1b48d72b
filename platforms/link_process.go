//go:build process || !sim

package platforms

import _ "github.com/sebs-go/sebs/platforms/process" // register it
