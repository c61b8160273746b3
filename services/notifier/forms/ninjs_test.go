package forms

import (
	"encoding/json"
	"fmt"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestPicturesOfNinjs has as many pictures as a message may have, and more. Pictures without a URL do not count.
func TestPicturesOfNinjs(t *testing.T) {
	for count, want := range map[int]int{1: 1, ninjsPictures: ninjsPictures, ninjsPictures + 1: ninjsPictures} {
		a := &datelinev1.Article{Id: "a", Title: "A", Images: []*datelinev1.Image{{Caption: "no URL"}}}
		for i := range count {
			a.Images = append(a.Images, &datelinev1.Image{Url: fmt.Sprint("https://a.test/", i), Credit: "C", Caption: "D"})
		}
		var item ninjsItem
		m, err := ninjs(Event{ID: "e", Type: TypeNew, ArticleID: "a", Article: a})
		if err == nil {
			err = json.Unmarshal(m.Body, &item)
		}
		if err != nil || len(item.Associations) != want {
			t.Fatalf("of %d pictures: %d, %v; want %d", count, len(item.Associations), err, want)
		}
		if one := item.Associations[0]; one.Name != "picture2" || one.URI != "https://a.test/0" || one.By != "C" ||
			one.Descriptions[0].Value != "D" || one.Renditions[0].Href != one.URI {
			t.Errorf("the first picture is %+v", one)
		}
	}
}

// TestPartsOfNinjs tells whole texts from those that are only a part, and events that have no article.
func TestPartsOfNinjs(t *testing.T) {
	free := datelinev1.Access_ACCESS_FREE
	for name, c := range map[string]struct {
		event                           Event
		representation, status, version string
	}{
		"whole":     {Event{Type: TypeNew, Revision: 1, Article: &datelinev1.Article{Access: free}}, "full", "usable", "1"},
		"cut":       {Event{Type: TypeNew, truncated: true, Article: &datelinev1.Article{}}, "partial", "usable", ""},
		"damaged":   {Event{Type: TypeNew, Article: &datelinev1.Article{Damaged: true}}, "partial", "usable", ""},
		"paywalled": {Event{Type: TypeNew, Article: &datelinev1.Article{Access: free + 1}}, "partial", "usable", ""},
		"erased":    {Event{Type: TypeErased}, "", "canceled", ""},
	} {
		var item ninjsItem
		m, err := ninjs(c.event)
		if err == nil {
			err = json.Unmarshal(m.Body, &item)
		}
		if err != nil || item.Representation != c.representation || item.PubStatus != c.status || item.Version != c.version {
			t.Errorf("%s: %+v, %v; want %+v", name, item, err, c)
		}
	}
}
