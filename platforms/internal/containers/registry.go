package containers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"github.com/sebs-go/sebs/harness/driver"
)

// repositoryPattern is a repository in a registry, or of Docker Hub.
var repositoryPattern = regexp.MustCompile(`^((localhost|[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+|[a-zA-Z0-9.-]+:[0-9]+)(:[0-9]+)?/)?[a-z0-9]+([._/-]+[a-z0-9]+)*$`)

// CheckRepository says why a name is none of a repository that images can be
// pushed to, or nil.
func CheckRepository(name string) error {
	if !repositoryPattern.MatchString(name) {
		return fmt.Errorf("%q is no repository: want one as me/functions or registry.example:5000/functions, without a tag", name)
	}
	return nil
}

// Push pushes an image to the registry in its name, with the user's
// credentials for it, unless the registry has it. It returns whether it pushed.
// A registry that refuses matches driver.ErrDenied.
func (e *Engine) Push(ctx context.Context, name string, log io.Writer) (bool, error) {
	auth, err := authentication(name)
	if err != nil {
		return false, err
	}
	if _, err := e.DistributionInspect(ctx, name, auth); err == nil {
		return false, nil
	} else if ctx.Err() != nil {
		return false, ctx.Err()
	}
	// It is not there, as far as the registry says: some answer that a
	// repository is denied if it is only to come into being.
	fmt.Fprintf(log, "push image %s\n", name)
	if auth == "" {
		auth = "e30=" // none, as JSON: the engine insists on the header
	}
	stream, err := e.ImagePush(ctx, name, image.PushOptions{RegistryAuth: auth})
	if err == nil {
		_, err = follow(stream, io.Discard)
		stream.Close()
	}
	if refused(err) {
		return false, deniedBy(name, err)
	}
	if err != nil {
		return false, fmt.Errorf("push image %s: %w", name, err)
	}
	return true, nil
}

// Forget removes the names that images have in a repository. Images that have
// other names stay.
func (e *Engine) Forget(repository string) error {
	ctx, cancel := context.WithTimeout(context.Background(), discardTime)
	defer cancel()
	images, err := e.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", repository))})
	if err != nil {
		return fmt.Errorf("images of %s: %w", repository, err)
	}
	var errs []error
	for _, i := range images {
		for _, name := range i.RepoTags {
			if strings.HasPrefix(name, repository+":") {
				if _, err := e.ImageRemove(ctx, name, image.RemoveOptions{}); err != nil && !gone(err) {
					errs = append(errs, fmt.Errorf("remove image %s: %w", name, err))
				}
			}
		}
	}
	return errors.Join(errs...)
}

// refused says whether a registry did not accept who asked.
func refused(err error) bool {
	if err == nil {
		return false
	}
	if errdefs.IsUnauthorized(err) || errdefs.IsPermissionDenied(err) {
		return true
	}
	text := err.Error()
	for _, word := range []string{"unauthorized", "no basic auth credentials", "denied", "authentication required"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// deniedBy says what to do about a registry that refuses.
func deniedBy(name string, err error) error {
	login := "docker login"
	if host, _, found := strings.Cut(name, "/"); found && (strings.ContainsAny(host, ".:") || host == "localhost") {
		login += " " + host
	}
	return fmt.Errorf("push image %s: %w by its registry: %w; log in with: %s", name, driver.ErrDenied, err, login)
}
