package local

import (
	"errors"
	"strconv"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
)

func init() { driver.RegisterSettings(Name, containers.Images, containers.Registry, perCPU) }

// perCPU is the setting with the memory that comes with one CPU. Its default is
// AWS Lambda's.
var perCPU = driver.Setting{
	Name:    "SEBS_MB_PER_CPU",
	Doc:     "MB of memory that come with one CPU on local, 0 for no limit; 1769",
	Default: "1769",
	Check: func(value string) error {
		if mb, err := strconv.Atoi(value); err != nil || mb < 0 || mb > 1<<20 {
			return errors.New("want the MB of memory that come with one CPU, or 0 for no limit of CPU")
		}
		return nil
	},
}
