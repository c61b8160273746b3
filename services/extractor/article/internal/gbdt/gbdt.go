// Package gbdt implements a small binary classifier of gradient-boosted decision trees
// (Friedman, "Greedy function approximation: a gradient boosting machine", 2001) with
// second-order splits over histograms (Chen and Guestrin, "XGBoost", 2016). Training
// and prediction are deterministic.
package gbdt

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Model is a trained classifier. It is immutable and safe for concurrent use.
type Model struct {
	features int
	bias     float32
	trees    []tree
	means    [][]float32 // by tree and node, the output that the node would have as a leaf
}

// tree is a binary tree whose root is node 0. The children of a node are at its left
// and left+1.
type tree []node

type node struct {
	feature int16 // -1 for a leaf
	left    int16
	value   float32 // the threshold, or a leaf's output
}

// Features returns the number of values in a row.
func (m *Model) Features() int { return m.features }

// Margin returns the log-odds of the positive class for a row of Features values.
func (m *Model) Margin(row []float32) float32 {
	sum := m.bias
	for _, t := range m.trees {
		n := &t[0]
		for n.feature >= 0 {
			next := n.left
			if row[n.feature] > n.value {
				next++
			}
			n = &t[next]
		}
		sum += n.value
	}
	return sum
}

// Contributions returns how much each feature moved the margin of a row, along the row's
// paths through the trees (Saabas, "Interpreting random forests", 2014). The sum of base,
// which is the margin without any split, and the contributions is the margin.
func (m *Model) Contributions(row []float32) (base float32, byFeature []float32) {
	base, byFeature = m.bias, make([]float32, m.features)
	for i, t := range m.trees {
		means := m.means[i]
		base += means[0]
		at := int16(0)
		for t[at].feature >= 0 {
			n := t[at]
			next := n.left
			if row[n.feature] > n.value {
				next++
			}
			byFeature[n.feature] += means[next] - means[at]
			at = next
		}
	}
	return base, byFeature
}

// Write writes the model as text: a header, and then a line for each tree with its
// nodes. An inner node is written as feature:left:threshold:mean and a leaf as =output.
func (m *Model) Write(w io.Writer) error {
	b := bufio.NewWriter(w) // keeps its first error until Flush
	fmt.Fprintf(b, "gbdt 2 %d %d %s\n", m.features, len(m.trees), format(m.bias))
	for k, t := range m.trees {
		for i, n := range t {
			if i > 0 {
				fmt.Fprint(b, " ")
			}
			if n.feature < 0 {
				fmt.Fprintf(b, "=%s", format(n.value))
			} else {
				fmt.Fprintf(b, "%d:%d:%s:%s", n.feature, n.left, format(n.value), format(m.means[k][i]))
			}
		}
		fmt.Fprintln(b)
	}
	return b.Flush()
}

// format writes a number with the five significant digits that round keeps.
func format(v float32) string { return strconv.FormatFloat(float64(v), 'g', 5, 32) }

// Read reads a model that Write wrote.
func Read(text string) (*Model, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	m := &Model{}
	var trees int
	if _, err := fmt.Sscanf(lines[0], "gbdt 2 %d %d %g", &m.features, &trees, &m.bias); err != nil {
		return nil, fmt.Errorf("reading model header: %w", err)
	}
	if trees != len(lines)-1 {
		return nil, fmt.Errorf("reading model: header announces %d trees, found %d", trees, len(lines)-1)
	}
	for i, line := range lines[1:] {
		t, means, err := readTree(line, m.features)
		if err != nil {
			return nil, fmt.Errorf("reading model: tree %d: %w", i, err)
		}
		m.trees, m.means = append(m.trees, t), append(m.means, means)
	}
	return m, nil
}

func readTree(line string, features int) (tree, []float32, error) {
	fields := strings.Fields(line)
	t, means := make(tree, len(fields)), make([]float32, len(fields))
	for i, field := range fields {
		if leaf, ok := strings.CutPrefix(field, "="); ok {
			v, err := strconv.ParseFloat(leaf, 32)
			if err != nil {
				return nil, nil, err
			}
			t[i], means[i] = node{feature: -1, value: float32(v)}, float32(v)
			continue
		}
		var n node
		if _, err := fmt.Sscanf(field, "%d:%d:%g:%g", &n.feature, &n.left, &n.value, &means[i]); err != nil {
			return nil, nil, fmt.Errorf("node %d %q: %w", i, field, err)
		}
		if int(n.feature) >= features || n.feature < 0 || int(n.left) <= i || int(n.left)+1 >= len(fields) {
			return nil, nil, fmt.Errorf("node %d %q: feature or child is out of range", i, field)
		}
		t[i] = n
	}
	if len(t) == 0 {
		return nil, nil, errors.New("no nodes")
	}
	return t, means, nil
}
