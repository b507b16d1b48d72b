package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sebs-go/sebs/harness/driver"
)

// deployFaults break what Recipe and Deploy do. Each fault is named by the rule
// that catches it, and what is behind a slash.
var deployFaults = map[string]func(*fault){
	"recipe-pure": func(f *fault) {
		var n atomic.Int64
		f.recipe = func(ctx context.Context, s driver.Spec) (driver.Recipe, error) {
			r, err := f.Platform.Recipe(ctx, s)
			r.Builder += fmt.Sprint(n.Add(1))
			return r, err
		}
	},
	"json": func(f *fault) { // text is taken for Latin-1
		f.answer = func(_ request, body []byte) ([]byte, error) {
			return []byte(strings.ReplaceAll(string(body), "日本", "??")), nil
		}
	},
	"deploy-again": func(f *fault) {
		f.deploy = func(ctx context.Context, s driver.Spec, p driver.Package) (driver.Target, error) {
			target, err := f.Platform.Deploy(ctx, s, p)
			if err == nil {
				err = f.Platform.Retire(ctx, s.Name)
			}
			return target, err
		}
	},
	"deploy-again/writes": func(f *fault) {
		var n atomic.Int64
		f.writes = func() int { return int(n.Load()) }
		f.deploy = func(ctx context.Context, s driver.Spec, p driver.Package) (driver.Target, error) {
			n.Add(1)
			return f.Platform.Deploy(ctx, s, p)
		}
	},
	"change-code": func(f *fault) {
		f.stale(func(s, first driver.Spec, p, firstPackage driver.Package) (driver.Spec, driver.Package) {
			return s, firstPackage
		})
	},
	"change-environment": func(f *fault) {
		f.stale(func(s, first driver.Spec, p, _ driver.Package) (driver.Spec, driver.Package) {
			s.Environment = maps.Clone(s.Environment)
			delete(s.Environment, "PROBE_VARIABLE")
			if old, ok := first.Environment["PROBE_VARIABLE"]; ok {
				s.Environment["PROBE_VARIABLE"] = old
			}
			return s, p
		})
	},
	"change-memory": func(f *fault) {
		f.stale(func(s, first driver.Spec, p, _ driver.Package) (driver.Spec, driver.Package) {
			s.Memory = first.Memory
			return s, p
		})
	},
	"environment-exact": func(f *fault) {
		f.deploy = func(ctx context.Context, s driver.Spec, p driver.Package) (driver.Target, error) {
			s.Environment = maps.Clone(s.Environment)
			for name, value := range s.Environment {
				s.Environment[name] = strings.TrimSpace(value)
			}
			return f.Platform.Deploy(ctx, s, p)
		}
	},
	"change-is-cold": func(f *fault) {
		var specs sync.Map
		var changed atomic.Bool
		f.deploy = func(ctx context.Context, s driver.Spec, p driver.Package) (driver.Target, error) {
			if old, ok := specs.Swap(s.Name, s); ok {
				old := old.(driver.Spec)
				changed.Store(old.Memory != s.Memory || !maps.Equal(old.Environment, s.Environment))
			}
			return f.Platform.Deploy(ctx, s, p)
		}
		f.edit(func(_ request, a map[string]any) {
			if changed.Load() {
				a["cold"] = false
			}
		})
	},
	"unsupported-runtime": func(f *fault) {
		f.recipe = func(ctx context.Context, s driver.Spec) (driver.Recipe, error) {
			r, err := f.Platform.Recipe(ctx, s)
			if errors.Is(err, driver.ErrUnsupported) {
				err = errors.New("it went wrong")
			}
			return r, err
		}
	},
}

// stale deploys with what keep makes of the first and the present spec and
// package, and retires, as if all had been taken over.
func (f *fault) stale(keep func(s, first driver.Spec, p, firstPackage driver.Package) (driver.Spec, driver.Package)) {
	type deployment struct {
		spec driver.Spec
		pkg  driver.Package
	}
	var seen sync.Map
	f.deploy = func(ctx context.Context, s driver.Spec, p driver.Package) (driver.Target, error) {
		v, old := seen.LoadOrStore(s.Name, deployment{s, p})
		if !old {
			return f.Platform.Deploy(ctx, s, p)
		}
		first := v.(deployment)
		same := first.pkg.Digest == p.Digest && first.spec.Memory == s.Memory && maps.Equal(first.spec.Environment, s.Environment)
		s, p = keep(s, first.spec, p, first.pkg)
		target, err := f.Platform.Deploy(ctx, s, p)
		if err == nil && !same {
			err = f.Platform.Retire(ctx, s.Name)
		}
		return target, err
	}
}

// startFaults break which calls are cold.
var startFaults = map[string]func(*fault){
	"second-warm": func(f *fault) { // a sandbox that was busy for a while is given up
		f.answer = func(call request, body []byte) ([]byte, error) {
			if call.Do == "sleep" && call.MS == 20 {
				return body, f.retireAll()
			}
			return body, nil
		}
	},
	"retire-keeps": func(f *fault) { // it replaces the environment
		var deployed sync.Map
		f.deploy = func(ctx context.Context, s driver.Spec, p driver.Package) (driver.Target, error) {
			deployed.Store(s.Name, func(ctx context.Context) error {
				bare := s
				bare.Environment = nil
				_, err := f.Platform.Deploy(ctx, bare, p)
				return err
			})
			return f.Platform.Deploy(ctx, s, p)
		}
		f.retire = func(ctx context.Context, name string) error {
			if redeploy, ok := deployed.Load(name); ok {
				if err := redeploy.(func(context.Context) error)(ctx); err != nil {
					return err
				}
			}
			return f.Platform.Retire(ctx, name)
		}
	},
	"retire": func(f *fault) { // only sandboxes that were busy for a while are found
		f.retire = func(ctx context.Context, name string) error {
			if do := f.call().Do; do != "sleep" && do != "" {
				for _, err := range f.Platform.Resources(ctx) {
					return err
				}
			}
			return f.Platform.Retire(ctx, name)
		}
	},
	"retire-once": func(f *fault) { // a retirement that is still at work afterwards
		var pending atomic.Bool
		f.retire = func(ctx context.Context, name string) error {
			pending.Store(true)
			return f.Platform.Retire(ctx, name)
		}
		f.answer = func(_ request, body []byte) ([]byte, error) {
			if pending.Swap(false) {
				return body, f.retireAll()
			}
			return body, nil
		}
	},
	"retire-all": func(f *fault) { // a second sandbox survives
		var mu sync.Mutex
		var first any
		retired := false
		f.retire = func(ctx context.Context, name string) error {
			mu.Lock()
			defer mu.Unlock()
			retired, first = true, nil
			return f.Platform.Retire(ctx, name)
		}
		f.edit(func(_ request, a map[string]any) {
			mu.Lock()
			defer mu.Unlock()
			if retired && first == nil {
				first = a["sandbox"]
			} else if retired && a["sandbox"] != first {
				a["cold"] = false
			}
		})
	},
	"retire-one-function": func(f *fault) {
		f.retire = func(ctx context.Context, name string) error {
			return errors.Join(f.Platform.Retire(ctx, name), f.retireAll())
		}
	},
	"concurrent": func(f *fault) { // sandboxes are shared
		f.edit(func(_ request, a map[string]any) {
			if r, ok := a["result"].(map[string]any); ok && r["slept"] != nil && r["slept"].(float64) >= 300 {
				a["sandbox"] = "shared"
			}
		})
	},
	"concurrent/mixed": func(f *fault) { // answers go to whom they are not for
		f.edit(func(_ request, a map[string]any) {
			if r, ok := a["result"].(map[string]any); ok && r["slept"] == 301.0 {
				r["slept"] = 302
			}
		})
	},
	"close-gives-up": func(f *fault) {
		var mu sync.Mutex
		var kept []net.Conn
		busy := false
		f.sign = func([]byte) error {
			mu.Lock()
			defer mu.Unlock()
			busy = true
			return nil
		}
		f.answer = func(_ request, body []byte) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			busy = false
			return body, nil
		}
		f.dial = func(context.Context) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			for len(kept) > 0 {
				c := kept[0]
				kept = kept[1:]
				if c.(liveConn).Alive() {
					return c, nil
				}
			}
			return nil, nil
		}
		f.dialed = func(_ context.Context, c net.Conn, err error) (net.Conn, error) {
			if err != nil {
				return nil, err
			}
			return keptConn{c.(liveConn), func(c net.Conn) bool {
				mu.Lock()
				defer mu.Unlock()
				if !busy {
					kept = append(kept, c)
				}
				return !busy
			}}, nil
		}
	},
}

// retireAll retires all functions of the run.
func (f *fault) retireAll() error {
	ctx := context.Background()
	for r, err := range f.Platform.Resources(ctx) {
		if err != nil {
			return err
		}
		if r.Kind == "function" {
			if err := f.Platform.Retire(ctx, r.Name); err != nil {
				return err
			}
		}
	}
	return nil
}
