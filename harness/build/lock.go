package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/internal/filelock"
)

// lock is an exclusive lock among all processes of this machine. The kernel
// gives it up when the process ends, however it ends.
type lock struct{ f *os.File }

// openLock opens the file of a lock, without taking it.
func openLock(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
}

// tryLock takes the lock at path if nobody has it.
func tryLock(path string) (*lock, bool, error) {
	f, err := openLock(path)
	if err != nil {
		return nil, false, err
	}
	if err := filelock.Try(f); err != nil {
		f.Close()
		if errors.Is(err, filelock.ErrHeld) {
			return nil, false, nil
		}
		return nil, false, err
	}
	return held(f), true, nil
}

// held returns the lock on f, which this process has, and notes in the file
// who that is. The note is for messages: it is not essential.
func held(f *os.File) *lock {
	note := fmt.Sprintf("process %d since %s", os.Getpid(), time.Now().UTC().Format(time.RFC3339))
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(note), 0)
	}
	return &lock{f}
}

// takeLock takes the lock at path, and waits while another has it. Whom it
// waits for is written to log and in the error when ctx is done before.
func takeLock(ctx context.Context, path string, log io.Writer) (*lock, error) {
	l, ok, err := tryLock(path)
	if err != nil || ok {
		return l, err
	}
	return waitLock(ctx, path, log)
}

// waitLock waits for the lock at path. The wait in the kernel cannot be
// interrupted: when ctx is done it goes on in the background, until the other
// gives up the lock, and then gives it up too.
func waitLock(ctx context.Context, path string, log io.Writer) (*lock, error) {
	f, err := openLock(path)
	if err != nil {
		return nil, err
	}
	holder := "another process"
	if text, err := io.ReadAll(io.LimitReader(f, 200)); err == nil && strings.HasPrefix(string(text), "process ") {
		holder = string(text)
	}
	fmt.Fprintf(log, "waiting for %s, which builds the same package\n", holder)
	taken := make(chan error)
	go func() {
		err := filelock.Wait(f)
		select {
		case taken <- err:
		case <-ctx.Done():
			f.Close()
		}
	}()
	select {
	case err := <-taken:
		if err != nil {
			f.Close()
			return nil, err
		}
		return held(f), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for %s, which builds the same package: %w", holder, ctx.Err())
	}
}

// release gives the lock up. Its file stays: to delete it would let two
// processes hold locks on different files of one name.
func (l *lock) release() {
	_ = l.f.Truncate(0)
	l.f.Close()
}
