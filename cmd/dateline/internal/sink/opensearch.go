package sink

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/dialguard"
	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/internal/telemetry"
)

const (
	// requestTimeout bounds a request with its answer, connectTimeout the connection and the TLS handshake.
	requestTimeout, connectTimeout = time.Minute, 10 * time.Second
	// maxAnswer is the maximum size of an answer, maxHeader that of its header, and maxReason that of a reason.
	maxAnswer, maxHeader, maxReason = 16 << 20, 64 << 10, 500
	// deleteStep is the number of documents that are deleted by one request.
	deleteStep  = 10_000
	idleTimeout = 30 * time.Second
	// cursorID is the id of the cursor in its index, whose name ends with cursorSuffix.
	cursorID, cursorSuffix = "cursor", "-cursor"
)

// indexPattern matches the names of indexes that are also possible with cursorSuffix.
var indexPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,199}$`)

// Config configures an index in OpenSearch, or in another search engine with its bulk protocol.
type Config struct {
	// To is the URL of the index, such as https://search.example.com:9200/articles.
	To string
	// Secret is user:password, an API key, or empty.
	Secret string
	// CA has certificates (PEM) of authorities, or is empty to use those of the operating system.
	CA []byte
	// AllowPrivate permits private addresses, and HTTP without encryption.
	AllowPrivate bool
}

// OpenSearch is an index with its cursor. Create it with NewOpenSearch.
type OpenSearch struct {
	client        *http.Client
	server, index string // server has no trailing slash
	authorization string
}

// NewOpenSearch returns an index, which it does not connect to. Errors do not contain the secret.
func NewOpenSearch(c Config) (*OpenSearch, error) {
	to, err := url.Parse(c.To)
	switch {
	case err != nil || to.Hostname() == "" || to.Scheme != "https" && to.Scheme != "http":
		return nil, errors.New("the target is not a URL: use one such as https://search.example.com:9200/articles")
	case to.User != nil || to.RawQuery != "" || to.Fragment != "":
		return nil, errors.New("the target has a user, parameters or a fragment: remove them; secrets are given in a file")
	case to.Scheme == "http" && !c.AllowPrivate:
		return nil, fmt.Errorf("%s is not encrypted: use https, or --allow-private if it is on your own network", to)
	}
	path := strings.TrimSuffix(to.Path, "/")
	slash := strings.LastIndexByte(path, '/')
	o := &OpenSearch{index: path[slash+1:]}
	if !indexPattern.MatchString(o.index) {
		return nil, fmt.Errorf("the target ends with %.80q: name an index with up to 200 lower-case letters, digits, "+
			"dots, hyphens and underscores", o.index)
	}
	o.server = to.Scheme + "://" + to.Host + path[:max(0, slash)]
	if o.authorization, err = authorizationOf(strings.TrimSpace(c.Secret)); err != nil {
		return nil, err
	}
	roots, err := rootsOf(c.CA)
	if err != nil {
		return nil, err
	}
	var allowed []netip.Prefix
	if c.AllowPrivate {
		allowed = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	}
	dialer := net.Dialer{Timeout: connectTimeout, Control: dialguard.New(allowed)}
	o.client = &http.Client{
		Timeout:       requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: connectTimeout, MaxResponseHeaderBytes: maxHeader,
			IdleConnTimeout: idleTimeout, ForceAttemptHTTP2: true,
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		},
	}
	return o, nil
}

// authorizationOf returns the header Authorization for a secret.
func authorizationOf(secret string) (string, error) {
	if strings.ContainsFunc(secret, func(r rune) bool { return r < ' ' || r == '\x7f' }) {
		return "", errors.New("the file of the secret has several lines: it needs one, user:password or an API key")
	}
	if user, password, found := strings.Cut(secret, ":"); found {
		request := http.Request{Header: http.Header{}}
		request.SetBasicAuth(user, password)
		return request.Header.Get("Authorization"), nil
	}
	if secret != "" {
		return "ApiKey " + secret, nil
	}
	return "", nil
}

// rootsOf returns the authorities with certificates, or nil for those of the operating system.
func rootsOf(certificates []byte) (*x509.CertPool, error) {
	if len(certificates) == 0 {
		return nil, nil //nolint:nilnil // nil stands for the authorities of the operating system
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(certificates) {
		return nil, errors.New("the file of the authorities has no certificates in PEM")
	}
	return roots, nil
}

// String returns the URL of the index.
func (o *OpenSearch) String() string { return o.server + "/" + o.index }

// Close closes idle connections.
func (o *OpenSearch) Close() { o.client.CloseIdleConnections() }

// Prepare implements Target.
func (o *OpenSearch) Prepare(ctx context.Context) error {
	status, _, err := o.do(ctx, http.MethodHead, "/"+o.index, nil)
	if status != http.StatusNotFound {
		return err
	}
	// Without its index, a cursor is wrong.
	if status, _, err = o.do(ctx, http.MethodDelete, o.cursorPath(), nil); err != nil && status != http.StatusNotFound {
		return err
	}
	status, answer, err := o.do(ctx, http.MethodPut, "/"+o.index, Index)
	if status == http.StatusBadRequest && bytes.Contains(answer, []byte("resource_already_exists_exception")) {
		return nil
	}
	return err
}

// action is the line before a document in a bulk request.
type action struct {
	ID          string `json:"_id"`
	Version     int64  `json:"version"`
	VersionType string `json:"version_type"`
}

// bulkBody returns items as NDJSON.
func bulkBody(items []Item) ([]byte, error) {
	var body bytes.Buffer
	lines := json.NewEncoder(&body)
	for _, one := range items {
		name := "index"
		if one.Document == nil {
			name = "delete"
		}
		if err := lines.Encode(map[string]action{name: {one.ID, one.Version, "external_gte"}}); err != nil {
			return nil, fmt.Errorf("encoding an action: %w", err)
		}
		if one.Document != nil {
			body.Write(one.Document)
			body.WriteByte('\n')
		}
	}
	return body.Bytes(), nil
}

// bulkAnswer is the answer to a bulk request. An item has its action as its only key.
type bulkAnswer struct {
	Items []map[string]struct {
		ID     string `json:"_id"`
		Status int    `json:"status"`
		Error  struct {
			Type   string `json:"type"`
			Reason string `json:"reason"`
		} `json:"error"`
	} `json:"items"`
}

// Send implements Target.
func (o *OpenSearch) Send(ctx context.Context, items []Item) (Result, error) {
	body, err := bulkBody(items)
	if err != nil {
		return Result{}, err
	}
	_, data, err := o.do(ctx, http.MethodPost, "/"+o.index+
		"/_bulk?filter_path=items.*._id,items.*.status,items.*.error.type,items.*.error.reason", body)
	if err != nil {
		return Result{}, err
	}
	var answer bulkAnswer
	if err := json.Unmarshal(data, &answer); err != nil {
		return Result{}, fmt.Errorf("decoding the answer of %s: %w", o.server, err)
	}
	if len(answer.Items) != len(items) {
		return Result{}, fmt.Errorf("%s answers with %d items for %d", o.server, len(answer.Items), len(items))
	}
	var result Result
	for i, byAction := range answer.Items {
		if len(byAction) != 1 {
			return Result{}, fmt.Errorf("%s answers with %d actions for %s", o.server, len(byAction), items[i].ID)
		}
		for _, one := range byAction {
			if one.ID != items[i].ID {
				return Result{}, fmt.Errorf("%s answers with another item than %s", o.server, items[i].ID)
			}
			reason := escape.Excerpt(fmt.Sprintf("%d %s: %s", one.Status, one.Error.Type, one.Error.Reason), maxReason)
			switch verdictOf(one.Status, items[i].Document == nil) {
			case busy:
				if len(result.Busy) == 0 {
					result.Reason = reason
				}
				result.Busy = append(result.Busy, items[i])
			case refused:
				result.Refused = append(result.Refused, Refusal{items[i], one.Status, reason})
			}
		}
	}
	return result, nil
}

// verdict is what the status of an item means.
type verdict int

const (
	done verdict = iota
	busy
	refused
)

// verdictOf returns what the status of an item means. 409 means that the index has a higher version. The statuses of
// missing permissions, a missing index and a full disk do not concern the document: such items are sent again.
func verdictOf(status int, deletes bool) verdict {
	switch {
	case status >= 200 && status <= 299, status == http.StatusConflict, deletes && status == http.StatusNotFound:
		return done
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound,
		status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status < 400, status > 499:
		return busy
	}
	return refused
}

// DeleteBefore implements Target.
func (o *OpenSearch) DeleteBefore(ctx context.Context, generation int64) (more bool, err error) {
	if _, _, err = o.do(ctx, http.MethodPost, "/"+o.index+"/_refresh", nil); err != nil {
		return false, err
	}
	_, data, err := o.do(ctx, http.MethodPost, "/"+o.index+"/_delete_by_query?conflicts=proceed&max_docs="+
		strconv.Itoa(deleteStep), fmt.Appendf(nil, `{"query":{"range":{"generation":{"lt":%d}}}}`, generation))
	if err != nil {
		return false, err
	}
	var answer struct {
		Total    *int64            `json:"total"`
		Failures []json.RawMessage `json:"failures"`
	}
	switch err := json.Unmarshal(data, &answer); {
	case err != nil:
		return false, fmt.Errorf("decoding the answer of %s: %w", o.server, err)
	case len(answer.Failures) > 0:
		return false, fmt.Errorf("%s has not deleted documents: %s", o.server,
			escape.Excerpt(string(answer.Failures[0]), maxReason))
	case answer.Total == nil:
		return false, fmt.Errorf("%s does not answer how many documents it has deleted", o.server)
	}
	return *answer.Total > 0, nil
}

func (o *OpenSearch) cursorPath() string { return "/" + o.index + cursorSuffix + "/_doc/" + cursorID }

// Cursor implements Target.
func (o *OpenSearch) Cursor(ctx context.Context) (Cursor, error) {
	status, data, err := o.do(ctx, http.MethodGet, o.cursorPath(), nil)
	if status == http.StatusNotFound {
		return Cursor{}, nil
	}
	if err != nil {
		return Cursor{}, err
	}
	var answer struct {
		Source *Cursor `json:"_source"`
	}
	switch err := json.Unmarshal(data, &answer); {
	case err != nil:
		return Cursor{}, fmt.Errorf("%w: decoding the cursor: %w; delete the index %s%s to load every article", ErrPermanent,
			err, o.index, cursorSuffix)
	case answer.Source == nil:
		return Cursor{}, fmt.Errorf("%s answers without the cursor", o.server)
	}
	return *answer.Source, nil
}

// Advance implements Target.
func (o *OpenSearch) Advance(ctx context.Context, to Cursor) error {
	data, err := json.Marshal(to)
	if err != nil {
		return fmt.Errorf("encoding the cursor: %w", err)
	}
	_, _, err = o.do(ctx, http.MethodPut, o.cursorPath(), data)
	return err
}

// do sends a request with a body, unless that is nil, and returns the status and the answer. A status that is not from
// 200 to 299 is an error, too.
func (o *OpenSearch) do(ctx context.Context, method, path string, body []byte) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, o.server+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("creating a request: %w", err)
	}
	version, _ := telemetry.Build()
	request.Header.Set("User-Agent", "Dateline/"+version)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if strings.Contains(path, "/_bulk") {
		request.Header.Set("Content-Type", "application/x-ndjson")
	}
	if o.authorization != "" {
		request.Header.Set("Authorization", o.authorization)
	}
	response, err := o.client.Do(request)
	if dialguard.IsRefused(err) {
		return 0, nil, fmt.Errorf("%w: %s has a private address: add --allow-private if it is your own", ErrPermanent,
			request.URL.Hostname())
	}
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", method, o.server, errors.Unwrap(err))
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("reading the answer of %s: %w", o.server, err)
	case len(answer) > maxAnswer:
		return 0, nil, fmt.Errorf("the answer of %s has more than %d bytes", o.server, maxAnswer)
	}
	return response.StatusCode, answer, statusError(o.server, response, answer)
}

// statusError returns what the status of an answer means.
func statusError(server string, response *http.Response, answer []byte) error {
	status := response.StatusCode
	err := fmt.Errorf("%s answers %s: %s", server, response.Status, escape.Excerpt(string(answer), maxReason))
	switch {
	case status >= 200 && status <= 299:
		return nil
	case status == http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	case status == http.StatusUnauthorized,
		status == http.StatusForbidden && !bytes.Contains(answer, []byte("cluster_block_exception")): // a full disk
		return fmt.Errorf("%w: give other credentials with --secret-file: %w", ErrPermanent, err)
	case status >= 300 && status <= 399:
		return fmt.Errorf("%w: redirects are not followed: %w", ErrPermanent, err)
	case status == http.StatusBadRequest:
		return fmt.Errorf("%w: %w", ErrPermanent, err)
	}
	return err
}
