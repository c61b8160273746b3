package top

import (
	"context"
	"fmt"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"
)

// window is the time that rates are of.
const window = 10 * time.Second

// Live shows the pipeline on a terminal, anew every interval, until q, Ctrl-C or
// the end of ctx.
func Live(ctx context.Context, addresses []string, interval time.Duration, in io.Reader, out io.Writer) error {
	m := live{read: func() Sample { return Read(ctx, addresses, time.Now) }, interval: interval, columns: 80, rows: 24}
	_, err := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler(),
		tea.WithWindowSize(80, 24)).Run() // until the terminal tells its size
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("drawing on the terminal: %w", err)
	}
	return nil
}

// live is what is on the screen.
type live struct {
	read     func() Sample
	interval time.Duration
	// samples are those of the last window, the oldest first.
	samples       []Sample
	columns, rows int
}

type due struct{}

// Init reads the first sample.
func (m live) Init() tea.Cmd { return m.sample }

func (m live) sample() tea.Msg { return m.read() }

// Update takes a sample, a key or another size of the screen.
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
		for len(m.samples) > 2 && msg.Time.Sub(m.samples[1].Time) >= window {
			m.samples = m.samples[1:]
		}
		return m, tea.Tick(m.interval, func(time.Time) tea.Msg { return due{} })
	case due:
		return m, m.sample
	}
	return m, nil
}

// View draws the last sample against the first of the window.
func (m live) View() tea.View {
	text := "dateline top: reading the metrics…"
	if n := len(m.samples); n > 0 {
		text = Render(NewSnapshot(m.samples[0], m.samples[n-1]), m.columns, m.rows)
	}
	view := tea.NewView(text)
	view.AltScreen = true
	return view
}
