package results

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// Format is the format that this package writes. It reads format 1 too.
//
// Format 2 has cell.json; in records, usage in the place of sandbox_cpu_ns and
// sandbox_memory_bytes; and remarks in run.json.
const Format = 2

// Manifest is run.json: what a reader needs to judge the run and to repeat it.
// It holds no credential and no environment beyond the parameters.
type Manifest struct {
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
	Left       Leftovers         `json:"left,omitempty"`  // what it could not remove: a sweep does
	Module     string            `json:"module"`
	Commit     string            `json:"commit,omitempty"`
	Modified   bool              `json:"modified,omitempty"` // the checkout has uncommitted changes
	Go         string            `json:"go"`
	Host       Machine           `json:"host"`
	Platforms  []string          `json:"platforms"`            // linked
	Opened     []string          `json:"opened"`               // of these: what the run created can be there alone
	Isolation  map[string]string `json:"isolation,omitempty"`  // how a platform keeps sandboxes apart, where that depends on the machine
	Sequential map[string]string `json:"sequential,omitempty"` // why a platform's cells were not interleaved
	Stalls     []Stall           `json:"stalls,omitempty"`     // when the test stood still
	Remarks    []string          `json:"remarks,omitempty"`    // what the table says of the run, a paragraph each
	Packages   []Package         `json:"packages"`
}

// Leftover is what a run could not remove, or what keeps it from knowing: then
// it has no kind.
type Leftover struct {
	Platform string `json:"platform,omitempty"` // empty: this machine
	Kind     string `json:"kind,omitempty"`
	Name     string `json:"name,omitempty"`
	Detail   string `json:"detail,omitempty"`
	Why      string `json:"why"`
}

// Leftovers are what a run could not remove.
type Leftovers []Leftover

// UnmarshalJSON reads the sentence of format 1 too.
func (l *Leftovers) UnmarshalJSON(data []byte) error {
	var why string
	if json.Unmarshal(data, &why) == nil && why != "" {
		*l = Leftovers{{Why: why}}
		return nil
	}
	return json.Unmarshal(data, (*[]Leftover)(l))
}

// Machine describes the client's machine.
type Machine struct {
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	Kernel  string `json:"kernel,omitempty"`
	CPU     string `json:"cpu,omitempty"`
	CPUs    int    `json:"cpus"`
	Memory  int64  `json:"memory_bytes,omitempty"`
	LoadAvg string `json:"load_average,omitempty"` // at the start
}

// Stall is a time in which the test stood still.
type Stall struct {
	At      time.Time `json:"at"`
	Seconds float64   `json:"s"`
}

// Package says what a function's code was.
type Package struct {
	Function     string       `json:"function"`
	Digest       string       `json:"digest"`
	Kind         driver.Kind  `json:"kind"`
	Image        string       `json:"image,omitempty"`
	Bytes        int64        `json:"bytes"`
	Reused       bool         `json:"reused"`
	BuildSeconds float64      `json:"build_s"`
	Builder      string       `json:"builder"` // interpreter or base image, by version and identity
	Dependencies []Dependency `json:"dependencies"`
	Warnings     []string     `json:"warnings,omitempty"`
}

// Dependency is an installed dependency at its resolved version.
type Dependency struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// ManifestFile is the name of the manifest in a run's folder.
const ManifestFile = "run.json"

// readManifest reads run.json and refuses what this package cannot read.
func readManifest(fsys fs.FS) (Manifest, error) {
	data, err := fs.ReadFile(fsys, ManifestFile)
	if err != nil {
		return Manifest{}, fmt.Errorf("%w: name the folder of a run, results/<time>-<id>", err)
	}
	var of struct {
		Format *int `json:"format"`
	}
	if err := json.Unmarshal(data, &of); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w: it is damaged, or of another program: restore it from a copy", ManifestFile, err)
	}
	switch {
	case of.Format == nil:
		return Manifest{}, fmt.Errorf("%s: it has no format, so it is of another program: name the folder of a run, results/<time>-<id>", ManifestFile)
	case *of.Format < 1:
		return Manifest{}, fmt.Errorf("%s: there is no format %d, so it is of another program, or damaged: name the folder of a run, results/<time>-<id>", ManifestFile, *of.Format)
	case *of.Format > Format:
		return Manifest{}, fmt.Errorf("%s: format %d is newer than %d, the newest that this version reads: use the version that wrote it, or a newer one", ManifestFile, *of.Format, Format)
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w: it is damaged: restore it from a copy", ManifestFile, err)
	}
	if m.ID == "" || m.Started.IsZero() {
		return Manifest{}, fmt.Errorf("%s: it has no id or no time when the run started, so it is of another program, or damaged: name the folder of a run, results/<time>-<id>", ManifestFile)
	}
	return m, nil
}
