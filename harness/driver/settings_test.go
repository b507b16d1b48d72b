package driver_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

func TestSettings(t *testing.T) {
	const platform = "settings"
	address := driver.Setting{Name: "SEBS_SETTINGS_ADDRESS", Doc: "where the service is", Default: "http://localhost", Check: func(value string) error {
		if value == "nowhere" {
			return errors.New("want a URL")
		}
		return nil
	}}
	key := driver.Setting{Name: "SEBS_SETTINGS_KEY", Doc: "the key", Secret: true, Check: func(value string) error {
		if len(value) < 6 {
			return errors.New("want six letters or more")
		}
		return nil
	}}
	driver.RegisterSettings(platform, address, key)
	driver.Register(platform, func(context.Context, driver.Run) (driver.Platform, error) { return nil, errors.New("opened") })
	driver.RegisterSettings("another", driver.Setting{Name: key.Name, Doc: key.Doc, Secret: true}) // the same for two

	names := func(all []driver.Setting) (names []string) {
		for _, s := range all {
			names = append(names, s.Name)
		}
		return names
	}
	require.Equal(t, []string{address.Name, key.Name}, names(driver.Settings(platform)))
	require.Subset(t, names(driver.AllSettings()), []string{address.Name, key.Name})
	require.Empty(t, driver.Settings("nobody"))

	for name, tt := range map[string]struct {
		address, key string
		want         string // the error of Open
		value        string
	}{
		"unset":        {"", "", "opened", "http://localhost"},
		"set":          {"http://there", "secret", "opened", "http://there"},
		"wrong":        {"nowhere", "", "SEBS_SETTINGS_ADDRESS=nowhere: want a URL", "nowhere"},
		"wrong secret": {"", "short", "SEBS_SETTINGS_KEY: want six letters or more", "http://localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(address.Name, tt.address)
			t.Setenv(key.Name, tt.key)
			_, err := driver.Open(t.Context(), platform, driver.Run{})
			require.EqualError(t, err, tt.want)
			require.Equal(t, tt.value, driver.Run{}.Setting(address.Name))
		})
	}

	needed := driver.Setting{Name: "SEBS_SETTINGS_NEEDED", Doc: "where it is", Required: true}
	require.EqualError(t, needed.Problem(), "SEBS_SETTINGS_NEEDED is not set: where it is")
	t.Setenv(needed.Name, "here")
	require.NoError(t, needed.Problem())

	require.Panics(t, func() { driver.Run{}.Setting("SEBS_SETTINGS_REGION") }, "not registered")
	require.Panics(t, func() { driver.RegisterSettings(platform, address) }, "twice")
	require.Panics(t, func() { driver.RegisterSettings("third", driver.Setting{Name: address.Name, Doc: "another meaning"}) })
	require.Panics(t, func() { driver.RegisterSettings("third", driver.Setting{Name: "lower_case", Doc: "a name"}) })
	require.Panics(t, func() { driver.RegisterSettings("third", driver.Setting{Name: "NO_DOC"}) })
}
