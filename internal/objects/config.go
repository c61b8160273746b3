package objects

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Config names an S3-compatible service and the keys for it.
type Config struct {
	Endpoint    string `doc:"URL of the S3-compatible service, such as https://s3.example.com or http://127.0.0.1:9000."`
	Region      string `doc:"Region of the buckets."`
	AccessKey   string `doc:"Access key. If it is empty, the keys come from s3.credentials, from the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from the role of the container or service account. Without any keys, only public buckets can be read."`
	SecretKey   string `doc:"Secret key that belongs to s3.access-key."`
	Credentials string `doc:"File with the keys in the form of ~/.aws/credentials. Its profile default is used. The file is read again when its keys expire."`
	CA          string `doc:"File with the certificates (PEM) of the authorities that the service's certificate is checked against. Empty means those of the system."`
	PathStyle   bool   `doc:"Name the bucket in the path of URLs instead of in the host name. Amazon S3 expects it in the host name; most other services expect it in the path."`
}

// DefaultConfig returns the configuration for Amazon S3.
func DefaultConfig() Config {
	return Config{Endpoint: "https://s3.amazonaws.com", Region: "us-east-1"}
}

// Validate reports every setting that cannot work.
func (c Config) Validate() error {
	var problems []error
	if _, err := c.url(); err != nil {
		problems = append(problems, err)
	}
	if c.Region == "" {
		problems = append(problems, errors.New("region is empty: use us-east-1 if the service has no regions"))
	}
	if (c.AccessKey == "") != (c.SecretKey == "") {
		problems = append(problems, errors.New("access-key and secret-key belong together: set both or neither"))
	}
	if c.AccessKey != "" && c.Credentials != "" {
		problems = append(problems, errors.New("access-key and credentials are both set: choose one"))
	}
	return errors.Join(problems...)
}

func (c Config) url() (*url.URL, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" ||
		u.User != nil {
		// The message does not quote the endpoint, which may contain a password.
		return nil, errors.New("endpoint is not the URL of a service: use one without a path and without a user, " +
			"such as https://s3.example.com")
	}
	return u, nil
}

// Scheme is the start of the URLs of buckets.
const Scheme = "s3://"

// Location is a bucket, and a key or the start of keys in it.
type Location struct{ Bucket, Key string }

// ParseLocation parses s3://BUCKET/KEY. The key may be empty.
func ParseLocation(text string) (Location, error) {
	rest, is := strings.CutPrefix(text, Scheme)
	bucket, key, _ := strings.Cut(rest, "/")
	if !is || bucket == "" || strings.ContainsAny(bucket, "?#@:\\ ") {
		return Location{}, fmt.Errorf("%q is not the URL of a bucket: use s3://BUCKET/PREFIX", text)
	}
	return Location{bucket, key}, nil
}

// String returns the URL.
func (l Location) String() string { return Scheme + l.Bucket + "/" + l.Key }

// Below returns the location of a name below the location.
func (l Location) Below(name string) Location {
	if l.Key != "" && !strings.HasSuffix(l.Key, "/") {
		l.Key += "/"
	}
	l.Key += name
	return l
}
