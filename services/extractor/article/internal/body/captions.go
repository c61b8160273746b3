package body

import (
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// dropPictureBoxes drops the lines after pictures that are in a box of the picture: such
// lines are captions, although no figure element marks them.
func (s *selection) dropPictureBoxes() {
	for i := max(s.from, 1); i < s.to; i++ {
		if s.keptText(i) && s.Runs[i-1].Kind == page.ImageRun && s.Runs[i].Chars < maxCaptionLine && s.inPictureBox(i) {
			s.verdicts[i] = DroppedCaption
		}
	}
}

// Bounds of the box of a picture.
const (
	boxLevels = 2 // from a line up to the box
	boxRuns   = 4 // pictures and lines
)

// inPictureBox reports whether run i, which follows a picture, is in an element that is
// named after pictures and contains hardly more than the two.
func (s *selection) inPictureBox(i int) bool {
	elem := s.Runs[i].Elem
	for range boxLevels {
		if elem = s.Elems[elem].Parent; elem <= 0 {
			return false
		}
		first, end := s.RunsOf(elem)
		if end-first > boxRuns {
			return false
		}
		if first < i && namesPicture(page.Attr(s.Elems[elem].Node, "class")) {
			return true
		}
	}
	return false
}

// pictureNames are parts of class names that mean a picture.
var pictureNames = []string{"foto", "image", "img", "photo", "picbox", "picture"}

func namesPicture(class string) bool {
	class = strings.ToLower(class)
	for _, name := range pictureNames {
		if strings.Contains(class, name) {
			return true
		}
	}
	return false
}
