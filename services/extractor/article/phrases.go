package article

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// boilerplate lists how short lines begin that publishers put into or around
// an article's text, in lower case and sorted, whatever the language. A line
// counts only when it is short or mostly a link.
var boilerplate = []string{
	"a version of this article appears in", "a version of this article was originally", "abonnieren sie", "about the author", "advertisement", "ad feedback", "all rights reserved", "also read", "also read:", "also read |", "anzeige", "article continues after", "article continues below", "auch interessant", "auch lesen", "auf facebook teilen", "baca juga", "by clicking", "by signing up", "by subscribing", "click here to", "click to share", "comments", "commentaires", "compartir", "copyright", "copy link", "continue reading", "diesen artikel", "don't miss", "download our app", "download the", "enter your email", "erhalten sie", "editor's note: this story", "es gibt neue nachrichten", "file photo", "follow us", "follow @", "facebook twitter", "get our", "get the latest", "hier klicken", "image credit", "image source", "image:", "join our", "join the conversation", "join us on", "kommentare", "last updated", "lees ook", "leggi anche", "le saviez-vous", "lesen sie auch", "lesen sie hier", "lesen sie mehr", "les også", "leia também", "leia mais", "lire aussi", "like us on", "listen to this article", "läs mer", "läs också", "læs også", "log in to", "mehr zum thema", "mehr zu", "more:", "more from", "more on this", "more stories", "more to read", "mais lidas", "newsletter", "originally published", "our standards:", "partager", "photo by", "photo credit", "photo:", "photograph:", "please enable", "please log in", "please share", "przeczytaj także", "czytaj też", "czytaj także", "print this", "powered by", "published by", "read also", "read full", "read more", "read next", "read the full", "read:", "recommended", "related", "related:", "reporting by", "registrieren sie", "scroll to continue", "see also", "see more", "share on", "share this", "share via", "sign up for", "sign up to", "skip to", "source:", "sponsored", "story continues", "subscribe", "subscribe to", "support our", "screenshot:", "tagged", "tags:", "tagged with", "teilen", "thank you for", "the post ", "this article originally appeared", "this article was originally published", "this story was originally published", "topics:", "também:", "trending", "tweet this", "veja também", "view all", "view comments", "view more", "want more", "watch:", "watch now", "we use cookies", "weiterlesen", "you may also", "you might also", "your email address", "zum newsletter", "zum thema",
	"читайте также", "читать также", "подписывайтесь", "читайте по теме", "поделиться", "фото:", "читайте також", "подписаться", "관련기사", "저작권자", "무단전재", "関連記事", "あわせて読みたい", "続きを読む", "相关阅读", "责任编辑", "اقرأ أيضا", "اقرأ أيضًا", "إقرأ أيضا", "بیشتر بخوانید", "también le puede", "te puede interesar", "te recomendamos", "lea también", "lee también", "ver también", "le puede interesar", "suscríbete", "vea también", "ayrıca oku", "ilgili haberler", "haberin devamı", "přečtěte si", "čtěte také", "čtěte i", "lue myös", "a lire aussi", "à lire aussi", "à lire également", "voir aussi", "abonnez-vous", "inscrivez-vous", "iscriviti", "potrebbe interessarti", "guarda anche", "riproduzione riservata", "© riproduzione", "©", "(c) ",
}

// endings lists the lines after which nothing of the article follows.
var endings = []string{
	"comments", "leave a comment", "leave a reply", "leave a response", "kommentare", "commentaires", "comentarios", "comentários", "commenti", "related articles", "related posts", "related stories", "related news", "related content", "related topics", "you may also like", "you might also like", "more from", "more stories", "read next", "recommended for you", "recommended stories", "recommended", "about the author", "about author", "mehr zum thema", "das könnte sie auch interessieren", "das könnte dich auch interessieren", "sur le même sujet", "à lire aussi", "lire aussi", "te puede interesar", "artículos relacionados", "noticias relacionadas", "articoli correlati", "leggi anche", "leia também", "relacionadas", "share this", "share this article", "share this post", "share this story", "join the conversation", "join the discussion", "trending", "trending now", "most popular", "most read", "latest news", "latest posts", "latest stories", "popular posts", "recent posts", "newsletter", "subscribe to our newsletter", "sign up for our newsletter", "tags", "post navigation", "читайте также", "комментарии", "관련기사", "関連記事", "相关阅读", "ilgili haberler", "yorumlar", "what to read next", "up next", "similar posts", "similar articles", "more news", "more articles", "more like this", "keep reading", "continue reading", "discussion", "responses", "follow us", "stay connected", "stay in touch", "around the web", "from around the web", "sponsored", "advertisement",
}

var (
	boilerplateSorted = slices.Sorted(slices.Values(boilerplate))
	endingsSorted     = slices.Sorted(slices.Values(endings))
)

// startsWithBoilerplate says that text, in lower case, begins with a phrase
// that ends there or at the end of a word.
func startsWithBoilerplate(text string) bool {
	// Every prefix of text sorts at or before it.
	i, _ := slices.BinarySearch(boilerplateSorted, text+"\x00")
	for i--; i >= 0 && boilerplateSorted[i][0] == text[0]; i-- {
		if phrase := boilerplateSorted[i]; strings.HasPrefix(text, phrase) && wordEnds(text, len(phrase)) {
			return true
		}
	}
	return false
}

// wordEnds says that no word goes on across s[at].
func wordEnds(s string, at int) bool {
	if at >= len(s) {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(s[:at])
	next, _ := utf8.DecodeRuneInString(s[at:])
	return !unicode.IsLetter(before) || !unicode.IsLetter(next)
}

// isEnding says that a line, as it is, ends the article.
func isEnding(text string) bool {
	text = strings.Trim(strings.ToLower(text), " :…»›>.!")
	if _, found := slices.BinarySearch(endingsSorted, text); found {
		return true
	}
	// "12 Comments", "Comments (3)"
	bare := strings.Trim(text, "0123456789()[] ")
	return bare != "" && bare != text && (strings.HasPrefix(bare, "comment") || strings.HasPrefix(bare, "kommentar") || bare == "responses" || bare == "replies")
}
