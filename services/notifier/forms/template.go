package forms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"text/template"
	"text/template/parse"
	"time"
)

// ErrTemplate means that a template has failed on an article.
var ErrTemplate = errors.New("the template has failed")

// The bounds of a template.
const (
	// maxTemplate is the maximum size of a template in bytes, and maxOutput of what it writes.
	maxTemplate, maxOutput = 32 << 10, 1 << 20
	// maxSteps is the maximum number of loop passes and template calls, maxWork the number of bytes that
	// functions read and write, and maxRun the duration.
	maxSteps, maxWork, maxRun = 10_000, 32 << 20, 2 * time.Second
	// stepFunction is called in each pass.
	stepFunction = "countStep"
)

// execute runs a template on an event. The errors are ErrTemplate.
func execute(text string, e Event) (Message, error) {
	run := &run{end: time.Now().Add(maxRun)}
	compiled, err := run.compile(text)
	if err != nil {
		return Message{}, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	if err := compiled.Execute(run, viewOf(e)); err != nil {
		return Message{}, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	contentType := "text/plain; charset=utf-8"
	if json.Valid(run.out.Bytes()) {
		contentType = contentJSON
	}
	return Message{ContentType: contentType, Body: run.out.Bytes()}, nil
}

// run is one execution of a template, which it bounds.
type run struct {
	out         bytes.Buffer
	steps, work int
	end         time.Time
}

// Write takes the output.
func (r *run) Write(data []byte) (int, error) {
	if r.out.Len()+len(data) > maxOutput {
		return 0, fmt.Errorf("it writes more than %d bytes", maxOutput)
	}
	return r.out.Write(data)
}

// step counts a pass of a loop.
func (r *run) step() (string, error) {
	if r.steps++; r.steps > maxSteps {
		return "", fmt.Errorf("it takes more than %d steps", maxSteps)
	}
	return "", r.spend(0)
}

// spend counts the bytes that a function reads or writes.
func (r *run) spend(bytes int) error {
	if r.work += bytes; r.work > maxWork {
		return fmt.Errorf("its functions process more than %d bytes", maxWork)
	}
	if time.Now().After(r.end) {
		return fmt.Errorf("it takes longer than %s", maxRun)
	}
	return nil
}

// compile parses a template, and has it count its steps.
func (r *run) compile(text string) (*template.Template, error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("it has more than %d bytes", maxTemplate)
	}
	compiled, err := template.New("template").Funcs(r.functions()).Option("missingkey=zero").Parse(text)
	if err != nil {
		return nil, err
	}
	for _, one := range compiled.Templates() {
		if one.Tree != nil && one.Root != nil {
			countSteps(one.Root, true)
		}
	}
	return compiled, nil
}

// countSteps adds a call of stepFunction to the body of each loop below a list, and to the list itself if it is the
// body of a template or loop.
func countSteps(list *parse.ListNode, isBody bool) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		switch node := node.(type) {
		case *parse.RangeNode:
			countSteps(node.List, true)
			countSteps(node.ElseList, false)
		case *parse.IfNode:
			countSteps(node.List, false)
			countSteps(node.ElseList, false)
		case *parse.WithNode:
			countSteps(node.List, false)
			countSteps(node.ElseList, false)
		}
	}
	if isBody {
		list.Nodes = append([]parse.Node{stepNode(list.Pos)}, list.Nodes...)
	}
}

// stepNode returns a call of stepFunction.
func stepNode(at parse.Pos) parse.Node {
	call := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: at, Args: []parse.Node{
		parse.NewIdentifier(stepFunction).SetPos(at),
	}}
	pipe := &parse.PipeNode{NodeType: parse.NodePipe, Pos: at, Cmds: []*parse.CommandNode{call}}
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: at, Pipe: pipe}
}

// checkTemplate runs a template on made articles.
func checkTemplate(text string) error {
	for _, e := range samples() {
		if _, err := execute(text, e); err != nil {
			return fmt.Errorf("with a made event %s: %w", e.Type, err)
		}
	}
	return nil
}
