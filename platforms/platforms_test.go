package platforms

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// TestTags: each tag is the name of a platform, also of one that is not linked.
func TestTags(t *testing.T) {
	tags := driver.Tags()
	require.Subset(t, tags, driver.Platforms())
	require.Greater(t, len(tags), len(driver.Platforms()))
	for _, tag := range tags {
		info, err := os.Stat(tag)
		require.NoError(t, err)
		require.True(t, info.IsDir(), tag)
	}
}
