// Package direct builds, deploys and calls functions without an experiment: for
// the doctor, and for tests of handlers, of platforms and of wrappers.
//
// It refuses to measure: nothing is retired, sampled or recorded.
package direct

import (
	"context"
	"fmt"
	"io"
	"io/fs"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
)

// Platform is an open platform with a store of packages. Safe for concurrent
// use.
type Platform struct {
	driver.Platform
	Name     string       // as it is registered
	Prefix   string       // of its functions' names: the run's
	Packages *build.Store // where packages are kept
	Guard    driver.Guard // of what is built; nil: nothing
	Log      io.Writer    // what builders print; nil: nowhere
}

// Function is a deployed function. Close gives up its sandboxes; the platform
// keeps the function.
type Function struct {
	*invoke.Client
	Built build.Result
}

// Deploy builds the function of a folder, or finds its package, and deploys it.
// Of spec, an empty name, architecture, kind and trigger become the platform's
// defaults, and the memory the next size that it offers.
func (p *Platform) Deploy(ctx context.Context, files fs.FS, spec driver.Spec) (*Function, error) {
	f := p.Features()
	spec = f.Complete(spec)
	if spec.Name == "" {
		spec.Name = driver.FunctionName(p.Prefix, spec, f.MaxName)
	}
	built, err := p.Packages.Package(ctx, build.Job{
		Builder: p.Platform, Platform: p.Name, Files: files, Spec: spec, Guard: p.Guard, Log: p.Log,
	})
	if err != nil {
		return nil, err
	}
	target, err := p.Platform.Deploy(ctx, spec, built.Package)
	if err != nil {
		return nil, fmt.Errorf("deploy: %w", err)
	}
	client, err := invoke.For(ctx, p, target)
	if err != nil {
		return nil, err
	}
	return &Function{Client: client, Built: built}, nil
}

// Call calls a function and returns what it answered, and the call as the client
// saw it. That the function itself failed is in the answer; the error says that
// there is none.
func Call(ctx context.Context, c *invoke.Client, payload []byte) (answer.Answer, invoke.Exchange, error) {
	x := c.Call(ctx, payload)
	if x.Failure != nil {
		return answer.Answer{}, x, fmt.Errorf("call: %w", x.Failure)
	}
	a, err := answer.Parse(x.Reply.Body)
	return a, x, err
}
