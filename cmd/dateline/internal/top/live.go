package top

import (
	"context"
	"fmt"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"
)

// ratePeriod is the period over which rates are measured.
const ratePeriod = 10 * time.Second

// The size of the screen until the terminal reports its own.
const defaultColumns, defaultRows = 80, 24

// Live shows the pipeline on a terminal and refreshes it every interval, until the user
// quits with q, Esc or Ctrl-C, or ctx ends.
func Live(ctx context.Context, addresses []string, interval time.Duration, in io.Reader, out io.Writer) error {
	m := live{
		read:     func() Sample { return Read(ctx, addresses, time.Now) },
		interval: interval, columns: defaultColumns, rows: defaultRows,
	}
	_, err := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out),
		tea.WithoutSignalHandler(), tea.WithWindowSize(defaultColumns, defaultRows)).Run()
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("drawing on the terminal: %w", err)
	}
	return nil
}

// live is the model of the screen.
type live struct {
	read     func() Sample
	interval time.Duration
	// samples are those of the last ratePeriod, oldest first.
	samples       []Sample
	columns, rows int
}

// due is the message that another sample is due.
type due struct{}

// Init reads the first sample.
func (m live) Init() tea.Cmd { return m.sample }

func (m live) sample() tea.Msg { return m.read() }

// Update handles a sample, a key or a new size of the screen.
func (m live) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		if key := msg.String(); key == "q" || key == "ctrl+c" || key == "esc" {
			return m, tea.Quit
		}
	case tea.WindowSizeMsg:
		m.columns, m.rows = msg.Width, msg.Height
	case Sample:
		m.samples = append(m.samples, msg)
		for len(m.samples) > 2 && msg.Time.Sub(m.samples[1].Time) >= ratePeriod {
			m.samples = m.samples[1:]
		}
		return m, tea.Tick(m.interval, func(time.Time) tea.Msg { return due{} })
	case due:
		return m, m.sample
	}
	return m, nil
}

// View draws the latest sample, with rates since the oldest one.
func (m live) View() tea.View {
	text := "dateline top: reading the metrics…"
	if n := len(m.samples); n > 0 {
		text = Render(NewSnapshot(m.samples[0], m.samples[n-1]), "   q quits", m.columns, m.rows)
	}
	view := tea.NewView(text)
	view.AltScreen = true
	return view
}
