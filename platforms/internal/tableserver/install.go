package tableserver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/sebs-go/sebs/harness/environment"
)

//go:embed dynalite dynamodblocal
var sources embed.FS

// program is a server that can be installed.
type program struct {
	name    string
	files   string   // its folder in sources
	install []string // command that installs it in the folder with its files
	run     []string // command that runs it there
}

// programs are in order of preference.
var programs = []program{
	{
		name:    "dynalite",
		files:   "dynalite",
		install: []string{"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"},
		run:     []string{"node", "server.js"},
	},
	{
		name:    "DynamoDB Local",
		files:   "dynamodblocal",
		install: []string{"mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies"},
		run:     []string{"java", "-Dsqlite4java.library.path=lib", "-cp", "lib/*", "Server.java"},
	},
}

// digest returns a name for what an installation of p is made of.
func (p program) digest() (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", p.install)
	err := fs.WalkDir(sources, p.files, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := sources.ReadFile(name)
		fmt.Fprintf(h, "%q %d\n%s", name, len(content), content)
		return err
	})
	return p.files + "-" + hex.EncodeToString(h.Sum(nil))[:16], err
}

// Dynalite is the name of the server that Installed installs.
const Dynalite = "dynalite"

// Installed returns the folder below cache with dynalite, ready to be run in a
// container by "node server.js". If it is not there, how installs the
// dependencies of the package.json in the folder that it is given.
func Installed(ctx context.Context, cache string, how func(dir string) error) (string, error) {
	p := programs[0]
	digest, err := p.digest()
	if err != nil {
		return "", err
	}
	return place(ctx, filepath.Join(cache, "tableserver"), p, digest+"-container", io.Discard, how)
}

// install returns the folder below cache in which p is installed with the
// tools of this machine.
func install(ctx context.Context, cache string, p program, log io.Writer) (string, error) {
	digest, err := p.digest()
	if err != nil {
		return "", err
	}
	return place(ctx, cache, p, digest, log, func(dir string) error { return runInstall(ctx, dir, p, log) })
}

// place returns the folder name below cache in which p is installed, and has it
// installed if it is not there. A folder under its final name is complete: it is made
// under another name and renamed. One process at a time installs; the kernel
// gives up the lock of a process that is killed, and the next deletes what it
// left.
func place(ctx context.Context, cache string, p program, name string, log io.Writer, how func(dir string) error) (dir string, err error) {
	dir = filepath.Join(cache, name)
	if installed(dir) {
		return dir, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("%w: set SEBS_CACHE to a folder that is writable", err)
	}
	unlock, err := lock(ctx, dir+".lock", log)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if installed(dir) { // by whom the lock was waited for
		return dir, nil
	}
	partial := dir + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return "", err
	}
	if err := os.CopyFS(partial, subFS(p.files)); err != nil {
		return "", errors.Join(err, os.RemoveAll(partial))
	}
	if err := how(partial); err != nil {
		return "", errors.Join(err, os.RemoveAll(partial))
	}
	return dir, os.Rename(partial, dir)
}

func installed(dir string) bool {
	_, err := os.Stat(dir)
	return err == nil
}

// subFS returns a folder of sources.
func subFS(dir string) fs.FS {
	sub, err := fs.Sub(sources, dir)
	if err != nil {
		panic(err) // the name of a program's files is not a path
	}
	return sub
}

// runInstall runs the package manager. On cancellation it kills the whole
// group, since package managers start others.
func runInstall(ctx context.Context, dir string, p program, log io.Writer) error {
	cmd := exec.CommandContext(ctx, p.install[0], p.install[1:]...)
	cmd.Dir = dir
	cmd.Env = environment.Install.Variables()
	var printed bytes.Buffer
	cmd.Stdout = io.MultiWriter(log, &printed)
	cmd.Stderr = cmd.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a group of its own, without a terminal
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		tail := environment.Plain(strings.TrimSpace(printed.String()))
		tail = strings.ToValidUTF8(tail[max(0, len(tail)-mostOutput):], "")
		return fmt.Errorf("%s %s: %w:\n%s", p.install[0], p.install[1], err, tail)
	}
	return nil
}

// lock takes the lock at path, and waits while another process has it.
func lock(ctx context.Context, path string, log io.Writer) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("%w: set SEBS_CACHE to a folder that is writable", err)
	}
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for waiting := false; ; waiting = true {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f.Close, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
		}
		if !waiting {
			fmt.Fprintf(log, "waiting for another process that installs the NoSQL server (%s)\n", path)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		}
	}
}
