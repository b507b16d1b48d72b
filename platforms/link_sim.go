//go:build sim

package platforms

import _ "github.com/sebs-go/sebs/platforms/sim" // register it
