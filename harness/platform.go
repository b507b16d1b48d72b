package harness

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/control"
	"github.com/sebs-go/sebs/harness/plain"
)

// openPlatform is a platform with what a run made on it.
type openPlatform struct {
	driver.Platform
	name string
	run  *run

	once  sync.Once
	plane *control.Plane

	mu     sync.Mutex
	stores map[string]*Store // by benchmark
	inputs map[string]*input // by benchmark and size
}

// input is the payload of a benchmark's size, made once per run.
type input struct {
	payload any
	event   []byte // the payload's JSON without its opening brace, to put the request's id before it
	err     error
}

// event returns the JSON object to send: the payload with the request's id.
func (in *input) eventFor(request string) []byte {
	b := make([]byte, 0, len(in.event)+len(request)+20)
	b = append(b, `{"request-id":"`...)
	b = append(b, request...)
	b = append(b, '"')
	if in.event[0] != '}' {
		b = append(b, ',')
	}
	return append(b, in.event...)
}

// newInput encodes a payload, which must become a JSON object.
func newInput(payload any) *input {
	data, err := encode(payload)
	if err == nil && (len(data) < 2 || data[0] != '{') {
		err = fmt.Errorf("the payload is %s, not a JSON object: return a map or a struct", plain.Line(string(data), 60))
	}
	if err != nil {
		return &input{err: err}
	}
	return &input{payload: payload, event: data[1:]}
}

// store returns the benchmark's store on the platform.
func (p *openPlatform) store(b *Benchmark, modules []driver.Module) *Store {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.stores[b.Name]; s != nil {
		return s
	}
	s := NewStore(b.Name, p.run.prefix, nil, nil)
	s.host = noServer
	if b.Serves {
		s.host = p.host
	}
	s.reuse = p.run.keeps() && !p.run.updates("inputs")
	for _, m := range modules {
		switch m {
		case driver.Storage:
			s.buckets = p.Buckets
		case driver.NoSQL:
			s.tables = p.Tables
		}
	}
	p.stores[b.Name] = s
	return s
}

// input makes the input of a benchmark's size, once.
func (p *openPlatform) input(ctx context.Context, b *Benchmark, size Size, s *Store) (*input, error) {
	key := b.Name + " " + string(size)
	p.mu.Lock()
	in := p.inputs[key]
	p.mu.Unlock()
	if in == nil {
		payload, err := b.Input(ctx, size, s)
		if err != nil {
			in = &input{err: err}
		} else {
			in = newInput(payload)
		}
		if ctx.Err() == nil {
			p.mu.Lock()
			p.inputs[key] = in
			p.mu.Unlock()
		}
	}
	if in.err != nil {
		return nil, fmt.Errorf("input %s of %s: %w", size, b.Name, in.err)
	}
	return in, nil
}

// environment returns what a function needs to reach the stores it uses.
func (p *openPlatform) environment(ctx context.Context, modules []driver.Module, s *Store) (map[string]string, error) {
	env := map[string]string{}
	for _, m := range modules {
		var access driver.Access
		switch m {
		case driver.Storage:
			b, err := s.open(ctx)
			if err != nil {
				return nil, err
			}
			access = b.Access()
		case driver.NoSQL:
			t, err := p.Tables(ctx)
			if err != nil {
				return nil, fmt.Errorf("NoSQL store: %w", err)
			}
			access = t.Access(s.created.tables())
		}
		for k, v := range access {
			env[k] = v
		}
	}
	return env, nil
}

// missing returns why the platform cannot have a store that the benchmark uses,
// or a server that its functions reach, or nil.
func (p *openPlatform) missing(ctx context.Context, b *Benchmark, modules []driver.Module) error {
	if b.Serves {
		if _, _, err := p.host(ctx); err != nil {
			return err
		}
	}
	have := p.Features().Modules
	for _, m := range modules {
		has := false
		for _, h := range have {
			has = has || h == m
		}
		if has {
			continue
		}
		var err error
		if m == driver.NoSQL {
			_, err = p.Tables(ctx)
		} else {
			_, err = p.Buckets(ctx)
		}
		if err == nil {
			err = driver.ErrUnsupported
		}
		return fmt.Errorf("module %s: %w", m, err)
	}
	return nil
}

// emptyOutputs deletes what the functions of a benchmark wrote.
func (p *openPlatform) emptyOutputs(ctx context.Context, s *Store) error {
	if err := s.emptyOutputBuckets(ctx); err != nil {
		return err
	}
	outputs := s.created.outputs()
	if len(outputs) == 0 {
		return nil
	}
	b, err := s.open(ctx)
	if err != nil {
		return err
	}
	for _, prefix := range outputs {
		if err := b.Delete(ctx, s.bucket, strings.TrimSuffix(prefix, "/")+"/"); err != nil {
			return fmt.Errorf("empty output %s: %w", prefix, err)
		}
	}
	return nil
}
