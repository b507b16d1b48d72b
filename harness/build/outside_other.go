package build

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
)

// exactNode is a version of which there is one; hosted is the short form of a
// repository's address.
var (
	exactNode = regexp.MustCompile(`^[=v]?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$`)
	hosted    = regexp.MustCompile(`^((github|gitlab|bitbucket|gist):\S+|[\w-]+/[\w.-]+(#\S+)?)$`)
)

// outsideNode reads package.json, and from package-lock.json what of it is
// fixed.
func outsideNode(code *tree, o *outside) error {
	var manifest struct {
		Dependencies, OptionalDependencies map[string]string
	}
	var lock struct {
		Packages map[string]struct {
			Version, Integrity, Resolved string
		}
	}
	for name, v := range map[string]any{"package.json": &manifest, "package-lock.json": &lock} {
		f, ok := code.find(name)
		if !ok {
			continue
		}
		text, err := code.read(f)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, dependencies := range []map[string]string{manifest.Dependencies, manifest.OptionalDependencies} {
		for name, value := range dependencies {
			if alias, ok := strings.CutPrefix(value, "npm:"); ok {
				_, value, _ = strings.Cut(strings.TrimPrefix(alias, "@"), "@")
			}
			locked := lock.Packages["node_modules/"+name]
			switch {
			case hosted.MatchString(value) && !strings.HasPrefix(value, "~/"):
				if !commitHash.MatchString(value) && !commitHash.MatchString(locked.Resolved) {
					o.moving = append(o.moving, name+" "+value)
				}
			case strings.ContainsAny(value, "/\\") || strings.HasPrefix(value, "file:") || strings.HasPrefix(value, "link:"):
				if err := o.address("package.json", ".", value, locked.Integrity != "" || commitHash.MatchString(locked.Resolved)); err != nil {
					return err
				}
			case !exactNode.MatchString(strings.TrimSpace(value)) && locked.Version == "":
				o.ranges = append(o.ranges, name)
			}
		}
	}
	return nil
}

// outsideJava reads pom.xml.
func outsideJava(code *tree, o *outside) error {
	f, ok := code.find("pom.xml")
	if !ok {
		return nil
	}
	text, err := code.read(f)
	if err != nil {
		return err
	}
	var project struct {
		Properties struct {
			All []struct {
				XMLName xml.Name
				Value   string `xml:",chardata"`
			} `xml:",any"`
		} `xml:"properties"`
		Dependencies []struct {
			Group    string `xml:"groupId"`
			Artifact string `xml:"artifactId"`
			Version  string `xml:"version"`
			System   string `xml:"systemPath"`
		} `xml:"dependencies>dependency"`
	}
	if err := xml.Unmarshal(text, &project); err != nil {
		return fmt.Errorf("pom.xml: %w", err)
	}
	named := []string{"${project.basedir}", ".", "${basedir}", "."}
	for _, p := range project.Properties.All {
		named = append(named, "${"+p.XMLName.Local+"}", strings.TrimSpace(p.Value))
	}
	properties := strings.NewReplacer(named...)
	for _, d := range project.Dependencies {
		name := properties.Replace(d.Group + ":" + d.Artifact)
		version := strings.TrimSpace(properties.Replace(d.Version))
		if system := strings.TrimSpace(properties.Replace(d.System)); system != "" {
			if strings.Contains(system, "${") {
				o.moving = append(o.moving, name+" "+system)
			} else if err := o.address("pom.xml", ".", system, false); err != nil {
				return err
			}
			continue
		}
		switch {
		case strings.HasSuffix(version, "-SNAPSHOT"):
			o.moving = append(o.moving, name+":"+version)
		case version == "" || version == "LATEST" || version == "RELEASE" || strings.ContainsAny(version, "[(,"):
			o.ranges = append(o.ranges, name)
		}
	}
	return nil
}
