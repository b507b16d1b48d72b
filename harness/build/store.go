package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// Store is a folder of packages, each under the digest of all that it was
// built from. Any number of processes may use a folder at once; all methods
// are safe for concurrent use.
//
//	packages/<digest>/   manifest.json, build.log, code/, code.zip: complete once it is there
//	tmp/<digest>/        a build in progress, or what is left of one that was killed
//	locks/<digest>       held by the process that builds it
//	logs/<digest>.log    the log of a build in progress, or of one that failed
type Store struct{ dir string }

// OpenStore returns the store in the folder dir, which is created if it does
// not exist. What killed builds left there is removed.
func OpenStore(dir string) (*Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("package store %s: %w", dir, err)
	}
	s := &Store{dir: abs}
	for _, sub := range []string{"packages", "tmp", "locks", "logs"} {
		if err := os.MkdirAll(filepath.Join(abs, sub), 0o755); err != nil {
			return nil, s.unusable(err)
		}
	}
	probe, err := os.CreateTemp(filepath.Join(abs, "tmp"), ".probe-")
	if err != nil {
		return nil, s.unusable(err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return nil, s.unusable(err)
	}
	if err := s.sweep(); err != nil {
		return nil, s.unusable(err)
	}
	return s, nil
}

// unusable says that the store's folder cannot be used, and what to do.
func (s *Store) unusable(err error) error {
	return fmt.Errorf("package store %s cannot be used, set SEBS_CACHE to a folder that can be written and has space: %w", s.dir, err)
}

// sweep removes the temporary folders of builds that nobody works on.
func (s *Store) sweep() error {
	entries, err := os.ReadDir(filepath.Join(s.dir, "tmp"))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !isDigest(e.Name()) {
			continue
		}
		l, ok, err := tryLock(s.path("locks", e.Name()))
		if err != nil {
			return err
		}
		if ok {
			err = os.RemoveAll(s.path("tmp", e.Name()))
			l.release()
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}

// Package returns the package for a job: from the store if it is there exactly
// as it was built, otherwise it builds it. While another process builds the
// same package, it waits for the result, and says so in job.Log. The error of
// a build that failed names its log.
func (s *Store) Package(ctx context.Context, job Job) (Result, error) {
	start := time.Now()
	if job.Log == nil {
		job.Log = io.Discard
	}
	r, err := s.pack(ctx, job)
	if err != nil {
		runtime := strings.TrimSpace(job.Spec.Runtime.String() + " " + job.Spec.Variant)
		return Result{}, fmt.Errorf("build %s in %s for %s: %w", job.Spec.Benchmark, runtime, job.Platform, err)
	}
	r.Took = time.Since(start)
	return r, nil
}

// Builds reports whether Package would build something for a job: it is not in
// the store, and there is something to add to its sources.
func (s *Store) Builds(ctx context.Context, job Job) (bool, error) {
	recipe, err := job.Builder.Recipe(ctx, job.Spec)
	if err != nil || recipe.Fetch != nil {
		return err == nil, err
	}
	if len(recipe.Files)+len(recipe.Packages) == 0 {
		return false, nil
	}
	_, digest, err := prepare(job, recipe)
	if err != nil {
		return false, err
	}
	_, err = s.find(ctx, digest)
	return job.Anew || err != nil, nil
}

// fetched returns the recipe of a job, after its tools were fetched if they were
// not here.
func fetched(ctx context.Context, job Job) (driver.Recipe, error) {
	recipe, err := job.Builder.Recipe(ctx, job.Spec)
	if err != nil || recipe.Fetch == nil {
		return recipe, err
	}
	if err := recipe.Fetch(ctx, job.Log); err != nil {
		return driver.Recipe{}, err
	}
	recipe, err = job.Builder.Recipe(ctx, job.Spec)
	if err == nil && recipe.Fetch != nil {
		err = errors.New("the platform fetched its tools and still does not know them")
	}
	return recipe, err
}

// prepare returns what a job's package is made of, and its digest.
func prepare(job Job, recipe driver.Recipe) (staging, string, error) {
	job.Files = Regular(job.Files)
	stage, err := newStaging(job, recipe)
	if err != nil {
		return staging{}, "", err
	}
	digest, err := stage.digest(job, recipe)
	return stage, digest, err
}

func (s *Store) pack(ctx context.Context, job Job) (Result, error) {
	recipe, err := fetched(ctx, job)
	if err != nil {
		return Result{}, err
	}
	stage, digest, err := prepare(job, recipe)
	if err != nil {
		return Result{}, err
	}
	if !job.Anew {
		if r, err := s.find(ctx, digest); err == nil {
			return r, nil
		}
	}
	l, err := takeLock(ctx, s.path("locks", digest), job.Log)
	if err != nil {
		return Result{}, s.explain(err)
	}
	defer l.release()
	r, err := s.find(ctx, digest)
	switch {
	case err == nil && !job.Anew:
		return r, nil
	case errors.Is(err, errIncomplete): // it was told when it was built
	case err != nil && exists(s.path("packages", digest)):
		fmt.Fprintf(job.Log, "package %s in the store is damaged (%v): it is built again\n", digest[:12], err)
	}
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	b := building{
		Job:    job,
		recipe: recipe,
		stage:  stage,
		digest: digest,
		work:   s.path("tmp", digest),
		log:    s.path("logs", digest+".log"),
		entry:  s.path("packages", digest),
	}
	r, err = b.run(ctx)
	return r, s.explain(err)
}

// explain adds to an error of a store that is full or cannot be written what
// to do.
func (s *Store) explain(err error) error {
	for _, e := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EROFS} {
		if errors.Is(err, e) {
			return s.unusable(err)
		}
	}
	var n noRoom
	if errors.As(err, &n) {
		return fmt.Errorf("%w in the package store %s or in the folder for temporary files %s: free space, or set SEBS_CACHE and TMPDIR to other folders: %w",
			n.reason, s.dir, os.TempDir(), err)
	}
	var p *fs.PathError
	if errors.Is(err, fs.ErrPermission) && errors.As(err, &p) && strings.HasPrefix(p.Path, s.dir) {
		return s.unusable(err)
	}
	return err
}

// errIncomplete is the error of an entry that is built again each time: its
// init.sh did not do all that it was to do, or its manifest names what may be
// other code.
var errIncomplete = errors.New("it is incomplete")

// find returns an entry that is complete.
func (s *Store) find(ctx context.Context, digest string) (Result, error) {
	dir := s.path("packages", digest)
	m, err := readManifest(dir)
	if err != nil {
		return Result{}, err
	}
	if m.Digest != digest {
		return Result{}, fmt.Errorf("%s is of another package", manifestName)
	}
	if m.Incomplete {
		return Result{}, errIncomplete
	}
	if err := m.damage(ctx, dir, false); err != nil {
		return Result{}, err
	}
	r := m.result(dir)
	r.Reused = true
	return r, nil
}

// Verify compares every file of a package with the SHA-256 that it had when it
// was built. A package that is not in the store matches driver.ErrNotFound.
func (s *Store) Verify(ctx context.Context, digest string) error {
	if !isDigest(digest) {
		return fmt.Errorf("verify package %q: %w: not a digest", digest, driver.ErrNotFound)
	}
	dir := s.path("packages", digest)
	m, err := readManifest(dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = driver.ErrNotFound
	}
	if err == nil {
		err = m.damage(ctx, dir, true)
	}
	if err != nil {
		return fmt.Errorf("verify package %s: %w", digest[:12], err)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
