//go:build process || !(sim || local)

package platforms

import _ "github.com/sebs-go/sebs/platforms/process" // register it
