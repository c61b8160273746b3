package article

import (
	"slices"
	"strings"
)

// publishedLabels are what lines with the time of publication begin with.
var publishedLabels = []string{
	"published", "posted", "first published", "publish date", "publication date", "date published", "date posted", "released on", "release date",
	"veröffentlicht", "erstellt", "erschienen", "publié", "mis en ligne", "paru le", "date de publication", "publicado", "publicada", "fecha de publicación", "data de publicação", "data publicării", "publicat", "publicación",
	"pubblicato", "data di pubblicazione", "gepubliceerd", "geplaatst", "publicerad", "publisert", "publiceret", "offentliggjort", "udgivet", "julkaistu", "avaldatud", "publicēts", "publikuota", "paskelbta",
	"opublikowano", "data publikacji", "publikováno", "vydáno", "zveřejněno", "publikované", "zverejnené", "objavljeno", "objavljen", "megjelent", "közzétéve", "publikuar",
	"опубликовано", "дата публикации", "опубліковано", "дата публікації", "апублікавана", "публикувано", "публикувана", "објављено", "објавено", "жарияланды",
	"δημοσίευση", "δημοσιεύτηκε", "δημοσιεύθηκε", "yayınlanma", "yayın tarihi", "giriş tarihi", "giriş:", "dərc", "e'lon qilingan", "გამოქვეყნ", "հրապարակ",
	"פורסם", "تاريخ النشر", "نشر في", "نُشر", "نشر:", "تم النشر", "تم نشره", "تاریخ انتشار", "زمان انتشار", "منتشر شده", "شائع", "تاریخ اشاعت",
	"प्रकाशित", "प्रकाशन", "প্রকাশ", "প্রকাশিত", "પ્રકાશિત", "வெளியிடப்பட்ட", "ప్రచురణ", "ಪ್ರಕಟ", "പ്രസിദ്ധീകരിച്ച", "เผยแพร่", "ngày đăng", "đăng ngày", "xuất bản", "diterbitkan", "dipublikasikan", "tayang", "inilathala", "imechapishwa",
	"发布", "發布", "发表", "發表", "刊登", "公開", "掲載", "投稿", "配信", "입력", "등록", "승인", "게시",
}

// changedLabels are what lines with the time of the last change begin with.
var changedLabels = []string{
	"updated", "last updated", "last update", "page updated", "page last updated", "modified", "last modified", "date modified", "last reviewed", "reviewed", "last edited", "edited", "last changed", "revised", "last revised",
	"aktualisiert", "zuletzt aktualisiert", "zuletzt geändert", "letzte aktualisierung", "letzte änderung", "geändert", "stand:", "mis à jour", "mise à jour", "dernière mise à jour", "modifié", "actualizado", "actualizada", "última actualización", "ultima actualización", "modificado", "última modificación",
	"atualizado", "atualizada", "última atualização", "aggiornato", "aggiornata", "ultimo aggiornamento", "ultima modifica", "modificato", "actualitzat", "darrera actualització", "actualizat", "ultima actualizare", "eguneratua",
	"bijgewerkt", "laatste update", "laatst bijgewerkt", "laatst gewijzigd", "gewijzigd", "uppdaterad", "senast uppdaterad", "ändrad", "oppdatert", "sist oppdatert", "endret", "opdateret", "sidst opdateret", "senest opdateret", "päivitetty", "muokattu", "uuendatud", "muudetud", "atjaunots", "atnaujinta", "uppfært",
	"aktualizacja", "zaktualizowano", "ostatnia aktualizacja", "zmodyfikowano", "modyfikacja", "aktualizováno", "upraveno", "poslední aktualizace", "aktualizované", "naposledy aktualizované", "posodobljeno", "ažurirano", "zadnja izmjena", "poslednja izmena", "izmenjeno", "frissítve", "frissült", "módosítva", "utolsó frissítés", "përditësuar",
	"güncelleme", "güncellendi", "güncellenme", "son güncelleme", "yenilənib", "обновлено", "обновлен", "последнее обновление", "изменено", "оновлено", "оновлена", "останнє оновлення", "абноўлена", "обновена", "последна промяна", "ажурирано", "ενημέρωση", "ενημερώθηκε", "τελευταία ενημέρωση", "განახლ", "թարմացվ", "עודכן", "עדכון אחרון",
	"تحديث", "آخر تحديث", "تم التحديث", "آخر تعديل", "بروزرسانی", "به‌روزرسانی", "آخرین به‌روزرسانی", "آخرین بروزرسانی", "آخرین ویرایش", "अपडेट", "अद्यतन", "संशोधित", "আপডেট", "সর্বশেষ আপডেট", "হালনাগাদ", "அப்டேட்", "புதுப்பிக்கப்பட்ட", "అప్‌డేట్", "അപ്ഡേറ്റ്", "ปรับปรุง", "อัปเดต", "แก้ไขล่าสุด", "cập nhật", "diperbarui", "diperbaharui", "pembaruan", "kemas kini", "dikemaskini", "in-update",
	"更新", "最終更新", "最后更新", "最後更新", "修改", "수정", "최종수정", "최종 수정", "업데이트",
}

func publishedLabel(text string) bool { return beginsWith(text, publishedLabels) }

func changedLabel(text string) bool { return beginsWith(text, changedLabels) }

// beginsWith says that a line begins with one of several words, marks aside.
func beginsWith(text string, words []string) bool {
	lower := strings.ToLower(strings.TrimLeft(text, " |·•(-–—[【*"))
	return slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(lower, word) })
}
