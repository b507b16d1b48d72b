package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
	"github.com/sebs-go/sebs/platforms/internal/services"
)

func init() { driver.RegisterNeeds(Name, needs) }

// needs checks what this platform needs: an engine that this user may use, room
// for its images, and the images.
func needs(ctx context.Context) []driver.Need {
	docker := driver.Need{What: "Docker"}
	engine, err := containers.Connect(ctx)
	if err != nil {
		docker.Found, docker.Remedy = "cannot be used", err.Error()
		for sentinel, found := range map[error]string{
			driver.ErrUnavailable: "no engine answers",
			driver.ErrDenied:      "there is an engine, which you may not use",
		} {
			if errors.Is(err, sentinel) {
				docker.Found, docker.Remedy = found, strings.TrimPrefix(err.Error(), sentinel.Error()+": ")
			}
		}
		return []driver.Need{docker} // the rest cannot be known
	}
	defer func() { _ = engine.Close() }() // idle connections
	docker.Found = engine.String()
	if docker.OK = engine.Info.OSType == "linux"; !docker.OK {
		docker.Found += ", for " + engine.Info.OSType + " containers"
		docker.Remedy = "functions are Linux containers: switch the engine to them"
	}
	all := []driver.Need{docker, limitsNeed(engine)}
	if n, ok := roomNeed(engine); ok {
		all = append(all, n)
	}
	return append(all, imageNeeds(ctx, engine)...)
}

// limitsNeed checks that the engine can hold containers to their limits.
func limitsNeed(e *containers.Engine) driver.Need {
	need := driver.Need{What: "limits", Optional: true, Remedy: "functions are not held to the others: use a kernel with these control groups"}
	var can []string
	kinds := []struct {
		name string
		can  bool
	}{{"memory", e.Info.MemoryLimit}, {"CPU", e.Info.CPUCfsQuota}, {"processes", e.Info.PidsLimit}}
	for _, k := range kinds {
		if k.can {
			can = append(can, k.name)
		}
	}
	need.OK = len(can) == len(kinds)
	need.Found = strings.Join(can, ", ")
	if len(can) == 0 {
		need.Found = "none"
	}
	return need
}

// The room that the images of one language and of stores take, and that those
// of all languages do.
const (
	leastRoom  = 3e9
	enoughRoom = 20e9
)

// roomNeed checks the disk of an engine on this machine; ok is false if the
// engine's is elsewhere or cannot be seen.
func roomNeed(e *containers.Engine) (need driver.Need, ok bool) {
	var s syscall.Statfs_t
	if !e.Direct() || syscall.Statfs(e.Info.DockerRootDir, &s) != nil {
		return driver.Need{}, false
	}
	free := float64(s.Bavail) * float64(s.Bsize)
	return driver.Need{
		What:     "room for images",
		Found:    fmt.Sprintf("%.1f GB free in %s", free/1e9, e.Info.DockerRootDir),
		OK:       free >= enoughRoom,
		Optional: free >= leastRoom,
		Remedy:   fmt.Sprintf("the images of all languages take up to %.0f GB: make room, with docker system prune for example", enoughRoom/1e9),
	}, true
}

// imageNeeds checks which images the engine has. Those that it has not are
// pulled when they are used.
func imageNeeds(ctx context.Context, e *containers.Engine) []driver.Need {
	data, err := dockerfiles.Data()
	if err != nil {
		return []driver.Need{{What: "images", Found: err.Error(), Remedy: "this is a fault of this program, not of the machine"}}
	}
	var all []driver.Need
	var missing []string
	check := func(image string) (there bool, err error) {
		if there, err = e.Pulled(ctx, image, ""); !there {
			missing = append(missing, image)
		}
		return there, err
	}
	for _, store := range []struct{ what, image string }{{"object store", services.MinIO}, {"NoSQL server", services.ScyllaDB}} {
		there, err := check(store.image)
		if err != nil {
			return append(all, brokenNeed(store.image, err))
		}
		if there {
			all = append(all, driver.Need{What: store.what, Found: store.image, OK: true})
		}
	}
	for _, language := range slices.Sorted(maps.Keys(data[Name])) {
		l := data[Name][language]
		var ready []string
		for _, v := range l.Versions {
			complete := true
			for _, image := range []string{l.BuildImages[e.Architecture()][v], l.RunImages[e.Architecture()][v]} {
				there, err := check(image)
				if err != nil {
					return append(all, brokenNeed(image, err))
				}
				complete = complete && there
			}
			if complete {
				ready = append(ready, v)
			}
		}
		if len(ready) > 0 {
			all = append(all, driver.Need{What: language, Found: strings.Join(ready, ", "), OK: true})
		}
	}
	if len(missing) > 0 {
		all = append(all, missingNeed(missing))
	}
	return all
}

func brokenNeed(image string, err error) driver.Need {
	return driver.Need{What: "images", Found: fmt.Sprintf("%s: %v", image, err), Remedy: "see what docker image inspect says of it"}
}

// shownImages is how many missing images are named.
const shownImages = 3

// missingNeed is for images that are not in the engine.
func missingNeed(images []string) driver.Need {
	need := driver.Need{
		What: "other images", Optional: true,
		Remedy: "they are pulled when they are first used; without a registry, make them under these names, or name others in SEBS_IMAGES",
	}
	need.Found = "not here yet: " + strings.Join(images[:min(shownImages, len(images))], ", ")
	if more := len(images) - shownImages; more > 0 {
		need.Found += fmt.Sprintf(" and %d more", more)
	}
	if slices.Contains(images, services.ScyllaDB) {
		need.Remedy += "; dynalite stands in for ScyllaDB"
	}
	return need
}
