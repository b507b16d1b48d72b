package harness

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/harness/results"
)

func newManifest(ctx context.Context, r *run) results.Manifest {
	m := results.Manifest{
		Format: results.Format, ID: r.id, Prefix: r.prefix, Command: toldAll(os.Args), Parameters: variables(),
		Order: orderInterleaved, Seed: r.seed,
		Started: r.started.UTC(), Expiry: r.expiry(), Opened: []string{}, Go: runtime.Version(), Host: thisMachine(ctx), Platforms: driver.Platforms(),
		Packages: []results.Package{},
	}
	if r.params.Sequential {
		m.Order = orderSequential
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		m.Module = info.Main.Path
	}
	m.Commit, m.Modified = commit(ctx, r.root)
	return m
}

// toldAll is told for a list.
func toldAll(texts []string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = environment.Plain(text)
	}
	return all
}

// addPlatform records what depends on the machine or the platform. The caller
// holds mu, or is alone.
func (r *run) addPlatform(name string, p driver.Platform) {
	m := &r.manifest
	if why := p.Features().Sequential; why != "" && m.Order == orderInterleaved {
		if m.Sequential == nil {
			m.Sequential = map[string]string{}
		}
		m.Sequential[name] = why
	}
	if i, ok := p.(interface{ Isolation() string }); ok {
		if m.Isolation == nil {
			m.Isolation = map[string]string{}
		}
		m.Isolation[name] = i.Isolation()
	}
}

// addPackage records what a function's code was.
func (r *run) addPackage(function string, p build.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	dependencies := make([]results.Dependency, len(p.Dependencies))
	for i, d := range p.Dependencies {
		dependencies[i] = results.Dependency(d)
	}
	r.manifest.Packages = append(r.manifest.Packages, results.Package{
		Function: function, Digest: p.Digest, Kind: p.Kind, Image: p.Image, Bytes: p.Size,
		Reused: p.Reused, BuildSeconds: p.Took.Seconds(), Builder: p.Builder, Dependencies: dependencies, Warnings: p.Warnings,
	})
	r.keep()
}

// keep writes the manifest as it is now, so that a run that is killed has it. The
// caller holds mu. An error is told as the run ends, when it is written again.
func (r *run) keep() {
	r.manifest.Remarks = toldAll(r.notes)
	_ = r.manifest.Write(r.folder)
}

// commit returns the commit of the module's checkout, empty if git has none.
func commit(ctx context.Context, root string) (string, bool) {
	out, err := ask(ctx, environment.Git, "git", "-C", root, "rev-parse", "HEAD")
	if err != nil {
		return "", false
	}
	status, err := ask(ctx, environment.Git, "git", "-C", root, "status", "--porcelain", "--untracked-files=no")
	return strings.TrimSpace(string(out)), err == nil && len(status) > 0
}

// ask returns what a program prints.
func ask(ctx context.Context, kind environment.Child, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = kind.Variables()
	cmd.WaitDelay = time.Second
	return cmd.Output()
}

func thisMachine(ctx context.Context) results.Machine {
	h := results.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU()}
	if out, err := ask(ctx, environment.System, "uname", "-r"); err == nil {
		h.Kernel = strings.TrimSpace(string(out))
	}
	if runtime.GOOS == "darwin" {
		if out, err := ask(ctx, environment.System, "sysctl", "-n", "machdep.cpu.brand_string"); err == nil {
			h.CPU = strings.TrimSpace(string(out))
		}
		return h
	}
	h.CPU = procField("/proc/cpuinfo", "model name")
	if kb := procField("/proc/meminfo", "MemTotal"); kb != "" {
		var n int64
		if _, err := fmt.Sscanf(kb, "%d kB", &n); err == nil {
			h.Memory = n << 10
		}
	}
	if data, err := os.ReadFile("/proc/loadavg"); err == nil {
		h.LoadAvg = strings.TrimSpace(string(data))
	}
	return h
}

// procField returns the first value of a key in a file of "key : value" lines.
func procField(path, key string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
