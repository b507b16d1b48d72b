//go:build local

package platforms

import _ "github.com/sebs-go/sebs/platforms/local" // register it
