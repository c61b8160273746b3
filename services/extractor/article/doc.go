// Package article extracts news articles from web pages: headline, standfirst,
// authors, dates, place, body as blocks, images, and for each field where on
// the page it was found and how sure that is.
//
// Extract undoes the content encoding under bounds, converts the text to UTF-8,
// parses it once, lays the tree out flat in one walk (elements and the runs of
// text between block boundaries, in document order), and reads everything else
// off those slices: each run gets a weight, the element whose runs weigh most
// holds the article, and each run in it a verdict. No rule knows a site.
package article
