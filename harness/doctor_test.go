package harness_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/driver"
)

// simNeeds is the variable with what the child below has sim need, in JSON.
const simNeeds = "DOCTOR_TEST_NEEDS"

// TestDoctorModel is the check that the tests below run in a child process.
func TestDoctorModel(t *testing.T) {
	if text := os.Getenv(simNeeds); text != "" {
		var needs []driver.Need
		require.NoError(t, json.Unmarshal([]byte(text), &needs))
		driver.RegisterNeeds("sim", func(context.Context) []driver.Need { return needs })
	}
	harness.Doctor(t)
}

func TestDoctor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	dice := driver.Need{What: "dice", Found: "two, loaded", Remedy: "buy others"}
	optional, met := dice, dice
	optional.Optional = true
	met.OK = true

	tests := []struct {
		name    string
		pattern string
		needs   []driver.Need
		env     string
		fails   bool
		says    []string
		silent  []string
	}{
		{
			name: "nothing needed", pattern: "^TestDoctorModel$",
			says: []string{
				"\nthis machine\n", "  ok        Go                 go1.", "  ok        room for packages  ", "  ok        clock              monotonic, ",
				"\nplatform sim\n  ok        nothing is needed\n", "nothing is missing",
			},
		},
		{
			name: "met", pattern: "^TestDoctorModel$", needs: []driver.Need{met},
			says:   []string{"\nplatform sim\n  ok        dice               two, loaded\n", "nothing is missing"},
			silent: []string{"buy others"},
		},
		{
			name: "optional", pattern: "^TestDoctorModel$", needs: []driver.Need{met, optional},
			says: []string{"  optional  dice               two, loaded\n            → buy others\n", "nothing is missing; what is optional"},
		},
		{
			name: "missing", pattern: "^TestDoctorModel$", needs: []driver.Need{optional, dice}, fails: true,
			says:   []string{"  missing   dice               two, loaded\n            → buy others\n", "missing: 1"},
			silent: []string{"nothing is missing"},
		},
		{
			name: "names are aligned", pattern: "^TestDoctorModel$", needs: []driver.Need{{What: "ein großer Würfelbecher", Found: "leather", OK: true}, met},
			says: []string{"  ok        ein großer Würfelbecher  leather\n", "  ok        dice                     two, loaded\n"},
		},
		{
			name: "no place for results", pattern: "^TestDoctorModel$", env: "SEBS_RESULTS=" + filepath.Join(file, "results"), fails: true,
			says: []string{"  missing   room for results   ", "not a directory", "set SEBS_RESULTS to a folder", "missing: 1"},
		},
		{
			name: "a folder that will be made", pattern: "^TestDoctorModel$", env: "SEBS_CACHE=" + filepath.Join(t.TempDir(), "not", "there"),
			says: []string{"  ok        room for packages  "},
		},
		{
			name: "a parameter that does not exist", pattern: "^TestDoctorModel$", env: "SEBS_DICE=2", fails: true,
			says: []string{"SEBS_DICE: there is no such parameter"},
		},
		{
			name: "not named", pattern: "^TestDoctorModel$|^Test$", needs: []driver.Need{dice},
			says: []string{"--- SKIP: TestDoctorModel", "runs when -run names it"}, silent: []string{"this machine\n"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := []string{tt.env}
			if tt.needs != nil {
				text, err := json.Marshal(tt.needs)
				require.NoError(t, err)
				env = append(env, simNeeds+"="+string(text))
			}
			c := newChild(t, env, "-test.run", tt.pattern)
			err := c.Run()
			if tt.fails {
				require.Error(t, err, c.out.String())
			} else {
				require.NoError(t, err, c.out.String())
			}
			for _, text := range tt.says {
				require.Contains(t, c.out.String(), text)
			}
			for _, text := range tt.silent {
				require.NotContains(t, c.out.String(), text)
			}
		})
	}
}
