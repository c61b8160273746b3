package deployment

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

const deploy = "../../deploy"

type composeFile struct {
	Services map[string]struct {
		Image       string
		Build       yaml.Node
		PullPolicy  string `yaml:"pull_policy"`
		Scale       string
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		CapAdd      []string `yaml:"cap_add"`
		SecurityOpt []string `yaml:"security_opt"`
		Privileged  bool
		MemLimit    string `yaml:"mem_limit"`
		CPUs        string
		PidsLimit   int `yaml:"pids_limit"`
		Restart     string
		StopGrace   string    `yaml:"stop_grace_period"`
		Healthcheck yaml.Node `yaml:"healthcheck"`
		Logging     struct{ Options map[string]string }
		Ports       []string
		Command     yamlList
		Volumes     yamlList
		Networks    []string
		NetworkMode string               `yaml:"network_mode"`
		Profiles    []string             `yaml:"profiles"`
		DependsOn   map[string]yaml.Node `yaml:"depends_on"`
		Environment map[string]string
	}
	Networks map[string]struct{ Internal bool }
}

// yamlList is a list of texts. Other values are ignored.
type yamlList []string

func (l *yamlList) UnmarshalYAML(node *yaml.Node) error {
	for _, item := range node.Content {
		*l = append(*l, item.Value)
	}
	return nil
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(deploy, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func compose(t *testing.T) composeFile {
	t.Helper()
	return parse(t, "compose.yaml")
}

func parse(t *testing.T, name string) composeFile {
	t.Helper()
	var file composeFile
	if err := yaml.Unmarshal([]byte(read(t, name)), &file); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestEveryContainerIsLockedDown(t *testing.T) {
	pinned := regexp.MustCompile(`:v?\d+\.\d+(\.\d+)?(-alpine)?\}?$|^postgres:\d+-alpine$`)
	for name, service := range compose(t).Services {
		complain := func(is bool, what string) {
			t.Helper()
			if is {
				t.Errorf("%s %s", name, what)
			}
		}
		complain(!service.ReadOnly, "can write to its file system")
		dropped := slices.Equal(service.CapDrop, []string{"ALL"})
		complain(!dropped || len(service.CapAdd) > 0 || service.Privileged, "has capabilities")
		complain(!slices.Contains(service.SecurityOpt, "no-new-privileges:true"), "can gain privileges")
		complain(service.MemLimit == "", "has no memory limit")
		complain(service.CPUs == "", "has no CPU limit")
		complain(service.PidsLimit == 0, "has no limit on processes")
		logs := service.Logging.Options
		complain(logs["max-size"] == "" || logs["max-file"] == "", "has logs of unlimited size")
		complain(len(service.Networks) == 0 && service.NetworkMode != "none", "is on the default network")
		once := service.Restart == "no"
		complain(!once && service.Restart != "unless-stopped", "is not restarted")
		complain(!once && service.Healthcheck.IsZero(), "has no health check")
		own := strings.Contains(service.Image, "IMAGE_PREFIX")
		complain(!own && !pinned.MatchString(service.Image), "has no fixed version: "+service.Image)
		complain(own && service.Build.IsZero(), "has no instructions to build its image")
		complain(own && service.PullPolicy != "never", "looks its image up in a registry")
		complain(own && !once && service.StopGrace != "30s", "has a stop grace period other than 30s")
		for _, port := range service.Ports {
			complain(!strings.HasPrefix(port, "127.0.0.1:"), "is published beyond loopback: "+port)
		}
		for dependency, node := range service.DependsOn {
			text, _ := yaml.Marshal(&node)
			waits := strings.Contains(string(text), "service_healthy") ||
				strings.Contains(string(text), "service_completed_successfully")
			complain(!waits, "starts before "+dependency+" is ready")
		}
	}
}

// TestReplicasAreSettings checks that "docker compose up" keeps the number of replicas.
// The others publish a port or own a volume.
func TestReplicasAreSettings(t *testing.T) {
	want := []string{"discoverer", "extractor", "fetcher", "notifier"}
	var got []string
	for name, service := range compose(t).Services {
		if service.Scale == fmt.Sprintf("${%s_REPLICAS:-1}", strings.ToUpper(name)) {
			got = append(got, name)
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("replicas of %v are settings, want %v", got, want)
	}
}

// TestEveryConnectionIsEncrypted checks that the overlay covers each container that
// connects to NATS or PostgreSQL.
func TestEveryConnectionIsEncrypted(t *testing.T) {
	encrypted := parse(t, "compose.tls.yaml").Services
	for name, service := range compose(t).Services {
		own := encrypted[name].Environment
		if service.Environment["DATELINE_NATS_URL"] != "" && own["DATELINE_NATS_TLS_KEY"] == "" {
			t.Errorf("%s has no certificate for NATS", name)
		}
		for setting, value := range service.Environment {
			if strings.Contains(value, "sslmode=disable") && !strings.Contains(own[setting], "sslmode=verify-full") {
				t.Errorf("%s connects to PostgreSQL without encryption (%s)", name, setting)
			}
		}
	}
}

// TestEveryNodeOfAClusterIsEncrypted checks that the overlay covers each NATS node.
func TestEveryNodeOfAClusterIsEncrypted(t *testing.T) {
	encrypted := parse(t, "compose.cluster-tls.yaml").Services
	nodes := 0
	for name := range parse(t, "compose.cluster.yaml").Services {
		if !strings.HasPrefix(name, "nats") {
			continue
		}
		nodes++
		command, volumes := encrypted[name].Command, encrypted[name].Volumes
		if !slices.Contains(command, "/etc/nats/cluster-tls.conf") || !slices.Contains(volumes, "tls-nats:/tls:ro") {
			t.Errorf("%s runs %q with the volumes %q", name, command, volumes)
		}
	}
	if nodes != 3 {
		t.Errorf("the cluster has %d nodes, want 3", nodes)
	}
}

func TestServicesWithInternetAccess(t *testing.T) {
	out := []string{"alertmanager", "dateline", "fetcher", "notifier"}
	var got []string
	for name, service := range compose(t).Services {
		if slices.Contains(service.Networks, "edge") {
			got = append(got, name)
		}
	}
	if slices.Sort(got); !slices.Equal(got, out) {
		t.Errorf("%v can reach the Internet, want %v", got, out)
	}
}

// TestTheBucketReachesEveryReader checks that the overlay covers each container that has the
// archive, except the one that only declares the consumer.
func TestTheBucketReachesEveryReader(t *testing.T) {
	overlay := parse(t, "compose.bucket.yaml").Services
	for name, service := range compose(t).Services {
		if service.Environment["DATELINE_ARCHIVER_DIR"] == "" || service.Restart == "no" && name != "dateline" {
			continue
		}
		own := overlay[name]
		for _, setting := range []string{
			"DATELINE_ARCHIVER_DIR", "DATELINE_ARCHIVER_SPOOL", "DATELINE_S3_ENDPOINT", "DATELINE_S3_SECRET_KEY",
		} {
			if own.Environment[setting] == "" {
				t.Errorf("%s lacks %s", name, setting)
			}
		}
		if !slices.Contains(own.Networks, "edge") {
			t.Errorf("%s cannot reach the bucket", name)
		}
	}
}

// TestTheNotifierHasItsSettings checks that the notifier, and the tool that sends samples, have the settings for
// e-mails, the volume for files, and the keys for a bucket.
func TestTheNotifierHasItsSettings(t *testing.T) {
	mail, bucket := parse(t, "compose.mail.yaml").Services, parse(t, "compose.bucket.yaml").Services
	for name, service := range compose(t).Services {
		is := name == "notifier" || name == "dateline"
		hasVolume := slices.Contains(service.Volumes, "${NOTIFIER_VOLUME:-deliveries}:/deliveries")
		if hasVolume != is || (service.Environment["DATELINE_NOTIFIER_FILES"] != "") != is {
			t.Errorf("%s has the volumes %q and writes files to %q", name, service.Volumes,
				service.Environment["DATELINE_NOTIFIER_FILES"])
		}
		for _, setting := range []string{"SERVER", "FROM", "USER", "PASSWORD", "SECURITY", "UNSUBSCRIBE"} {
			if (mail[name].Environment["DATELINE_NOTIFIER_SMTP_"+setting] != "") != is {
				t.Errorf("%s has notifier.smtp.%s: %t, want %t", name, strings.ToLower(setting), !is, is)
			}
		}
		if is && bucket[name].Environment["DATELINE_S3_SECRET_KEY"] == "" {
			t.Errorf("%s lacks the keys for a bucket", name)
		}
	}
	image := regexp.MustCompile(`(?s)FROM base AS (notifier|dateline)\n.*?65532:65532 /out/deliveries /deliveries`)
	if got := len(image.FindAllString(read(t, "Dockerfile"), -1)); got != 2 {
		t.Errorf("%d images have a folder for a new volume of files, want 2", got)
	}
}

var variable = regexp.MustCompile(`\$\{([A-Z_0-9]+)(:[?-][^}]*)?\}`)

// notSettings are variables that users do not set in .env. A test uses them to name
// its images.
var notSettings = []string{"IMAGE_PREFIX"}

// overlays are the Compose files whose variables users set in .env.
var overlays = []string{
	"compose.yaml", "compose.bucket.yaml", "compose.cluster.yaml", "compose.external.yaml", "compose.hub.yaml",
	"compose.mail.yaml", "compose.tls.yaml",
}

func TestEnvExampleIsComplete(t *testing.T) {
	used := map[string]bool{}
	for _, name := range overlays {
		for _, match := range variable.FindAllStringSubmatch(read(t, name), -1) {
			used[match[1]] = true
		}
	}
	for _, name := range notSettings {
		delete(used, name)
	}
	used["COMPOSE_PROFILES"] = true // by Compose itself
	listed := map[string]string{}
	for line := range strings.Lines(read(t, ".env.example")) {
		// A setting that only an overlay needs is commented out.
		line = strings.TrimPrefix(strings.TrimSpace(line), "#")
		if name, value, found := strings.Cut(line, "="); found && regexp.MustCompile(`^[A-Z_0-9]+$`).MatchString(name) {
			listed[name] = value
		}
	}
	for name := range used {
		if _, found := listed[name]; !found {
			t.Errorf("%s is used but not in .env.example", name)
		}
	}
	for name := range listed {
		if !used[name] {
			t.Errorf("%s is in .env.example but not used", name)
		}
	}
	for _, match := range variable.FindAllStringSubmatch(read(t, "compose.yaml"), -1) {
		name := match[1]
		value, hasDefault := strings.CutPrefix(match[2], ":-")
		if hasDefault && !slices.Contains(notSettings, name) && listed[name] != value {
			t.Errorf("%s is %q in .env.example, and %q by default", name, listed[name], value)
		}
	}
}

func TestNoSecretHasADefault(t *testing.T) {
	secret := regexp.MustCompile(`PASSWORD|TOKEN|SECRET`)
	optional := []string{"SMTP_PASSWORD"} // a server in the own network may need none
	for _, name := range overlays {
		required := map[string]bool{}
		text := read(t, name) + read(t, "compose.yaml")
		for _, match := range variable.FindAllStringSubmatch(text, -1) {
			if !secret.MatchString(match[1]) || slices.Contains(optional, match[1]) && match[2] == ":-" {
				continue
			}
			if strings.HasPrefix(match[2], ":-") {
				t.Errorf("%s: %s has a default", name, match[1])
			}
			required[match[1]] = required[match[1]] || strings.HasPrefix(match[2], ":?")
		}
		for secret, is := range required {
			if !is {
				t.Errorf("%s: a missing %s is not reported", name, secret)
			}
		}
	}
	for line := range strings.Lines(read(t, ".env.example")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if secret.MatchString(name) && !strings.HasPrefix(name, "#") && value != "" {
			t.Errorf(".env.example contains a secret: %s", name)
		}
	}
}

// Each secret is checked before any service starts.
func TestEverySecretIsChecked(t *testing.T) {
	checked := compose(t).Services["check-settings"].Environment
	for line := range strings.Lines(read(t, ".env.example")) {
		name, value, found := strings.Cut(strings.TrimSpace(line), "=")
		isSecret := regexp.MustCompile(`_(PASSWORD|TOKEN)$`).MatchString(name)
		if !found || value != "" || !isSecret || name == "NATS_ROUTE_PASSWORD" {
			continue
		}
		if _, is := checked[name]; !is {
			t.Errorf("%s is not checked", name)
		}
	}
}
