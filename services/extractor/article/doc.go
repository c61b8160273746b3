// Package article extracts news articles from web pages: headline, standfirst,
// authors, dates, place, body as blocks, images, and for each field where it was
// found on the page and how certain it is.
//
// Extract decompresses the page under bounds, converts it to UTF-8, parses it once
// and lays the tree out flat in one pass (package page). All later stages scan that
// layout: metadata is read (package facts), the runs of text are weighed and the
// article's text is chosen (package body), and the other fields are read around it
// (package fields). No rule is specific to a site, except those that a user writes
// (Rules).
package article
