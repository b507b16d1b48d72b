package harness

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
)

// TestSettings: what a platform declares is known, recorded without secrets and
// shown; what nobody declares is refused, with the nearest name.
func TestSettings(t *testing.T) {
	driver.RegisterSettings("far",
		driver.Setting{Name: "SEBS_FAR_ADDRESS", Doc: "where the service is", Required: true, Check: func(value string) error {
			if value == "nowhere" {
				return errors.New("want a URL")
			}
			return nil
		}},
		driver.Setting{Name: "SEBS_FAR_KEY", Doc: "its key", Secret: true},
		driver.Setting{Name: "FAR_REGION", Doc: "the region, which the service's tools read, too; north", Default: "north"},
	)
	driver.RegisterTags("unlinked")

	for entry, want := range map[string]string{
		"SEBS_FAR_ADDRESS=x":    "",
		"SEBS_MEMORY=128":       "",
		"SEBS_REGISTRY=me/x":    "",
		"SEBS_UNLINKED_KEY=x":   "",
		"FAR_REGOIN=south":      "", // no variable of SeBS
		"SEBS_FAR_ADDRESSES=x":  `SEBS_FAR_ADDRESSES: there is no such parameter (did you mean "SEBS_FAR_ADDRESS"?); there are SEBS_MEMORY, `,
		"SEBS_REGISTYR=me/x":    `SEBS_REGISTYR: there is no such parameter (did you mean "SEBS_REGISTRY"?)`,
		"SEBS_SOMETHINGELSE=1":  "SEBS_SOMETHINGELSE: there is no such parameter; there are SEBS_MEMORY, ",
		"sebs_far_key=x":        `sebs_far_key: there is no such parameter (did you mean "SEBS_FAR_KEY"?)`,
		"SEBS_FAR_KEYS=hunter2": "SEBS_FAR_KEYS: there is no such parameter",
	} {
		err := checkVariables([]string{"PATH=/bin", entry})
		if want == "" {
			require.NoError(t, err, entry)
			continue
		}
		require.ErrorContains(t, err, want, entry)
		require.NotContains(t, err.Error(), "hunter2", "the value may be a secret")
	}

	for name, tt := range map[string]struct {
		address, key, region string
		recorded             map[string]string
		needs                []driver.Need
	}{
		"nothing is set": {
			needs: []driver.Need{
				{What: "SEBS_FAR_ADDRESS", Found: "SEBS_FAR_ADDRESS is not set: where the service is", Remedy: "set it to what it takes: where the service is"},
				{What: "SEBS_FAR_KEY", OK: true, Found: "not set: its key"},
				{What: "FAR_REGION", OK: true, Found: "not set: the region, which the service's tools read, too; north"},
			},
		},
		"all is set": {
			address: "https://me:hunter22@far.example", key: "hunter33", region: "south",
			recorded: map[string]string{"SEBS_FAR_ADDRESS": "https://[hidden]@far.example", "SEBS_FAR_KEY": "(a secret)", "FAR_REGION": "south"},
			needs: []driver.Need{
				{What: "SEBS_FAR_ADDRESS", OK: true, Found: "https://[hidden]@far.example"},
				{What: "SEBS_FAR_KEY", OK: true, Found: "set, a secret"},
				{What: "FAR_REGION", OK: true, Found: "south"},
			},
		},
		"a wrong value": {
			address: "nowhere", recorded: map[string]string{"SEBS_FAR_ADDRESS": "nowhere"},
			needs: []driver.Need{
				{What: "SEBS_FAR_ADDRESS", Found: "SEBS_FAR_ADDRESS=nowhere: want a URL", Remedy: "set it to what it takes: where the service is"},
				{What: "SEBS_FAR_KEY", OK: true, Found: "not set: its key"},
				{What: "FAR_REGION", OK: true, Found: "not set: the region, which the service's tools read, too; north"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range map[string]string{"SEBS_FAR_ADDRESS": tt.address, "SEBS_FAR_KEY": tt.key, "FAR_REGION": tt.region} {
				t.Setenv(variable, value)
			}
			require.Equal(t, tt.needs, settingNeeds("far"))
			recorded := variables()
			for _, variable := range []string{"SEBS_FAR_ADDRESS", "SEBS_FAR_KEY", "FAR_REGION"} {
				require.Equal(t, tt.recorded[variable], recorded[variable])
			}
		})
	}
	t.Setenv("SEBS_FAR_KEY", "hunter33")
	require.NotContains(t, environment.Plain("the key is hunter33."), "hunter33", "not in any message either")
}
