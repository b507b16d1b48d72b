package platforms

import (
	"bufio"
	"bytes"
	"go/build/constraint"
	"os"
	"slices"
	"strings"
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

// TestLinks: a tag links its platform and no other, and without a tag it is
// process. The file of process has to know all other tags for that.
func TestLinks(t *testing.T) {
	tags := driver.Tags()
	links := func(name string, given ...string) bool {
		text, err := links.ReadFile("link_" + name + ".go")
		require.NoError(t, err)
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			if constraint.IsGoBuild(lines.Text()) {
				expr, err := constraint.Parse(lines.Text())
				require.NoError(t, err)
				return expr.Eval(func(tag string) bool { return slices.Contains(given, tag) })
			}
		}
		require.Fail(t, "link_"+name+".go has no build constraint")
		return false
	}
	for _, name := range tags {
		require.Equal(t, name == "process", links(name), "without a tag: %s", name)
		for _, tag := range tags {
			require.Equal(t, name == tag, links(name, tag),
				"-tags %s and the platform %s: the first line of link_process.go lists all other tags, as in !(local || sim)", tag, name)
		}
		require.True(t, links(name, tags...), "with all tags: %s", name)
	}
}

// TestSettings: what a platform declares is in the manual, and has its
// platform's name in it, so that it can be told from what is misspelt where the
// platform is not linked.
func TestSettings(t *testing.T) {
	manual, err := os.ReadFile("../harness/doc.go")
	require.NoError(t, err)
	shared := []string{"SEBS_IMAGES", "SEBS_MB_PER_CPU", "SEBS_REGISTRY"} // of platforms with containers
	for _, platform := range driver.Platforms() {
		for _, s := range driver.Settings(platform) {
			line := "\n//\t" + s.Name + strings.Repeat(" ", max(18-len(s.Name), 1)) + s.Doc + "\n"
			require.True(t, strings.Contains(string(manual), line), "the parameters in harness/doc.go lack this line, below those of the other platforms:%s", line)
			if strings.HasPrefix(s.Name, "SEBS_") && !slices.Contains(shared, s.Name) {
				require.True(t, strings.HasPrefix(s.Name, "SEBS_"+strings.ToUpper(platform)+"_"), "%s of platform %s", s.Name, platform)
			}
		}
	}
}
