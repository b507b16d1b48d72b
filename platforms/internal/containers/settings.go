package containers

import (
	"fmt"

	"github.com/sebs-go/sebs/harness/driver"
)

// Images is the setting with the images that stand in for others, which every
// platform with containers has.
var Images = driver.Setting{
	Name: "SEBS_IMAGES",
	Doc:  "container images in the place of others, a list: name=image, or a mirror; none",
	Check: func(value string) error {
		_, err := readOverrides(value)
		return err
	},
}

// OwnRegistry is the value of Registry for a registry that the run starts.
const OwnRegistry = "local"

// Registry is the setting with the repository to which function images are
// pushed.
var Registry = driver.Setting{
	Name: "SEBS_REGISTRY",
	Doc:  `where function images are pushed: registry/repository, or "local"; nowhere`,
	Check: func(value string) error {
		if value == OwnRegistry {
			return nil
		}
		if err := CheckRepository(value); err != nil {
			return fmt.Errorf("%w; or %q for one of the run's own", err, OwnRegistry)
		}
		return nil
	},
}
