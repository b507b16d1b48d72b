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
)

// manifest is run.json: what a reader needs to judge the run and to repeat it.
// It holds no credential and no environment beyond the parameters.
type manifest struct {
	Format     int               `json:"format"` // of the results folder
	ID         string            `json:"id"`
	Prefix     string            `json:"prefix"`
	Command    []string          `json:"command"`
	Parameters map[string]string `json:"parameters"` // SEBS_ variables that were set
	Order      string            `json:"order"`      // of cells: interleaved, sequential
	Seed       uint32            `json:"seed"`       // of the order of interleaved cells: SEBS_SEED repeats it
	Started    time.Time         `json:"started"`
	Finished   time.Time         `json:"finished,omitzero"`
	Ended      string            `json:"ended,omitempty"` // why the run ended early
	Expiry     time.Time         `json:"expiry,omitzero"` // of what it creates: when a sweep may remove it
	Left       []leftover        `json:"left,omitempty"`  // what it could not remove: a sweep does
	Module     string            `json:"module"`
	Commit     string            `json:"commit,omitempty"`
	Modified   bool              `json:"modified,omitempty"` // the checkout has uncommitted changes
	Go         string            `json:"go"`
	Host       machine           `json:"host"`
	Platforms  []string          `json:"platforms"`            // linked
	Opened     []string          `json:"opened"`               // of these: what the run created can be there alone
	Isolation  map[string]string `json:"isolation,omitempty"`  // how a platform keeps sandboxes apart, where that depends on the machine
	Sequential map[string]string `json:"sequential,omitempty"` // why a platform's cells were not interleaved
	Stalls     []stallRecord     `json:"stalls,omitempty"`     // when the test stood still
	Packages   []packageRecord   `json:"packages"`
}

// machine describes the client's machine.
type machine struct {
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	Kernel  string `json:"kernel,omitempty"`
	CPU     string `json:"cpu,omitempty"`
	CPUs    int    `json:"cpus"`
	Memory  int64  `json:"memory_bytes,omitempty"`
	LoadAvg string `json:"load_average,omitempty"` // at the start
}

// packageRecord says what a function's code was.
type packageRecord struct {
	Function     string             `json:"function"`
	Digest       string             `json:"digest"`
	Kind         driver.Kind        `json:"kind"`
	Image        string             `json:"image,omitempty"`
	Bytes        int64              `json:"bytes"`
	Reused       bool               `json:"reused"`
	BuildSeconds float64            `json:"build_s"`
	Builder      string             `json:"builder"` // interpreter or base image, by version and identity
	Dependencies []build.Dependency `json:"dependencies"`
	Warnings     []string           `json:"warnings,omitempty"`
}

const resultsFormat = 1

func newManifest(ctx context.Context, r *run) manifest {
	m := manifest{
		Format: resultsFormat, ID: r.id, Prefix: r.prefix, Command: toldAll(os.Args), Parameters: map[string]string{},
		Order: orderInterleaved, Seed: r.seed,
		Started: r.started.UTC(), Expiry: r.expiry(), Opened: []string{}, Go: runtime.Version(), Host: thisMachine(ctx), Platforms: driver.Platforms(),
		Packages: []packageRecord{},
	}
	if r.params.Sequential {
		m.Order = orderSequential
	}
	for _, name := range parameterNames {
		if v := os.Getenv(name); v != "" {
			m.Parameters[name] = told(v)
		}
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
		all[i] = told(text)
	}
	return all
}

// addPlatform records what depends on the machine or the platform.
func (m *manifest) addPlatform(name string, p driver.Platform) {
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

func (m *manifest) addPackage(function string, p build.Result) {
	m.Packages = append(m.Packages, packageRecord{
		Function: function, Digest: p.Digest, Kind: p.Kind, Image: p.Image, Bytes: p.Size,
		Reused: p.Reused, BuildSeconds: p.Took.Seconds(), Builder: p.Builder, Dependencies: p.Dependencies, Warnings: p.Warnings,
	})
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

func thisMachine(ctx context.Context) machine {
	h := machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU()}
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
