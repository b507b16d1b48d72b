package local

import (
	"context"
	"testing"

	networks "github.com/docker/docker/api/types/network"
	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// TestHostPublished: a server for containers that are reached by published
// ports would have to listen on all interfaces, so there is none.
func TestHostPublished(t *testing.T) {
	_, _, err := (&Platform{direct: false}).Host(context.Background())
	require.ErrorIs(t, err, driver.ErrUnsupported)
	require.ErrorContains(t, err, "published ports")
}

func TestGateway(t *testing.T) {
	for name, tt := range map[string]struct {
		gateways []string
		want     string
	}{
		"bridge":             {[]string{"172.18.0.1"}, "172.18.0.1"},
		"IPv6 first":         {[]string{"fd00::1", "172.18.0.1"}, "172.18.0.1"},
		"IPv6 alone":         {[]string{"fd00::1"}, ""},
		"isolated":           {[]string{""}, ""},
		"all interfaces":     {[]string{"0.0.0.0"}, ""},
		"with a prefix size": {[]string{"172.18.0.1/16"}, ""},
		"none":               {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var configs []networks.IPAMConfig
			for _, g := range tt.gateways {
				configs = append(configs, networks.IPAMConfig{Gateway: g})
			}
			got, err := gateway(configs)
			if tt.want == "" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}
