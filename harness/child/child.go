// Package child runs a child process so that nothing that it starts outlives
// it: neither what stays in its process group, nor what leaves that.
//
// As root on Linux a child has a control group, which no process leaves. Other
// processes on Linux are found by a variable of the environment that they
// inherit, unless they hide it. Elsewhere what leaves the process group is not
// found. If this process is killed the kernel kills the child (on Linux), and
// the guard what the child started.
//
// A process's number may be another's once the process was waited for; so nothing
// is killed by a number after that. Who starts processes by other means than
// Start does the same with AwaitExit and DieWithThread.
package child

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"github.com/sebs-go/sebs/harness/driver"
)

// Child is a running child process. Its methods are safe for concurrent use.
type Child struct {
	cmd     *exec.Cmd
	keeper  keeper
	release func()        // the guard's entry of its process group
	left    func()        // the guard's entry of what else it started
	exited  chan struct{} // closed when the process has ended, before it is reaped

	mu     sync.Mutex
	reaped bool // its number may be another's

	once sync.Once
	err  error
}

// keeper finds what a child started, wherever it went.
type keeper interface {
	configure(cmd *exec.Cmd)
	guard(g driver.Guard) (release func())
	kill() error   // everything that still runs
	remove() error // what it left in the machine
}

// Start starts cmd in a session, and so a process group, of its own. If its
// context is done, all of the child is killed. What is left of the child when
// this process is killed is guard's, if it is not nil. The caller waits for the
// child.
func Start(cmd *exec.Cmd, guard driver.Guard) (*Child, error) {
	if cmd.Err != nil {
		return nil, cmd.Err
	}
	if _, err := exec.LookPath(cmd.Path); err != nil { // a shell would say so by its exit status
		return nil, err
	}
	c := &Child{cmd: cmd, keeper: newKeeper(rand.Text()), exited: make(chan struct{}), release: func() {}, left: func() {}}
	c.keeper.configure(cmd)
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setsid = true // a group of its own, and no terminal: what it says is for its output alone
	DieWithThread(cmd.SysProcAttr)
	if cmd.Cancel != nil { // it has a context
		cmd.Cancel = func() error { c.Kill(); return nil }
	}
	started := make(chan error, 1)
	go func() {
		// The thread ends with this goroutine, and the child with the thread.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			AwaitExit(cmd.Process.Pid)
			close(c.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, errors.Join(err, c.keeper.remove())
	}
	if guard != nil {
		c.release, c.left = guard.Process(cmd.Process.Pid), c.keeper.guard(guard)
	}
	return c, nil
}

// Kill kills the child's process group; Wait then kills the rest. It does not
// wait, and does nothing once the child was waited for.
func (c *Child) Kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped {
		c.killGroup()
	}
}

// killGroup kills the process group. The process was not reaped yet, so the
// number is no other's.
func (c *Child) killGroup() {
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) // there may be none
	_ = syscall.Kill(c.cmd.Process.Pid, syscall.SIGKILL)  // it may have left its group, or have ended
}

// Wait waits for the end of the process, kills everything that it left, and
// returns how the process ended, as exec.Cmd's Wait does. An error of killing
// is part of it. Later calls return the same.
func (c *Child) Wait() error {
	<-c.exited
	c.once.Do(func() {
		c.mu.Lock()
		c.killGroup()
		left := c.keeper.kill()
		c.reaped = true
		c.mu.Unlock()
		c.release()
		c.err = c.cmd.Wait()
		if err := errors.Join(left, c.keeper.remove()); err != nil {
			c.err = errors.Join(c.err, fmt.Errorf("kill what it started: %w", err))
			return // the guard has it
		}
		c.left()
	})
	return c.err
}
