package article

import "github.com/dateline-news/dateline/services/extractor/article/internal/record"

// Block is one piece of the body. Its Kind determines which of the other fields
// are set:
//
//   - Text is the block's text. For a list or table it is the items or rows,
//     joined by line breaks; for an image or embed it is empty.
//   - Level is the level of a heading, 1 to 6.
//   - Ordered and Items are whether a list is numbered, and its items.
//   - Rows and HeaderRow are the cells of a table, and whether the first row is
//     its header.
//   - Links are the links within Text, in order and without overlap.
//   - Image is the index in Article.Images of an image block's image.
//   - URL is the absolute address of the content of an embed, or of the post that
//     a quote embeds.
type Block = record.Block

// BlockKind is the kind of a Block.
type BlockKind = record.BlockKind

// The kinds of block.
const (
	Paragraph = record.Paragraph
	Heading   = record.Heading
	Quote     = record.Quote
	List      = record.List
	Table     = record.Table
	Picture   = record.Picture
	Code      = record.Code
	Embed     = record.Embed
)

// Link is a hyperlink within a block's text. Start and End delimit the link's text
// in Block.Text, in bytes; URL is the absolute address of its target.
type Link = record.Link

// Image is a picture of the article: its absolute URL (empty if the page contains
// the picture inline), the text alternative Alt, the Caption without the credit,
// the Credit without "Photo:" and the like, and whether it is the Lead image.
type Image = record.Image
