package sitemap

// ReadAtMost is Read with another maximum size than MaxBytes.
var ReadAtMost = readAtMost
