package store_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// overwritePages overwrites a range of a file's pages of 4,096 bytes.
func overwritePages(t *testing.T, dsn string, first, count int) {
	t.Helper()
	file, err := os.OpenFile(strings.TrimPrefix(dsn, "sqlite:"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte(strings.Repeat("damaged ", count*4096/8)), int64(first-1)*4096); err != nil {
		t.Fatal(err)
	}
}

// closedStore returns the name of a store with an article that no program has open.
func closedStore(t *testing.T) string {
	t.Helper()
	dsn := sqliteFile(t)
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, article("a", "Ferry returns", "The ferry is back.", noon))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dsn
}

func wantDamaged(t *testing.T, call string, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "docs/backup.md") {
		t.Errorf("%s: %v; want ErrDamaged with advice", call, err)
	}
}

// TestOpeningDamagedFile opens, inspects and backs up files that SQLite cannot read.
func TestOpeningDamagedFile(t *testing.T) {
	for name, first := range map[string]int{"not a database": 1, "overwritten pages": 2} {
		t.Run(name, func(t *testing.T) {
			dsn := closedStore(t)
			overwritePages(t, dsn, first, 60)
			s, err := store.Open(t.Context(), dsn)
			if err == nil {
				_ = s.Close()
			}
			wantDamaged(t, "opening", err)
			_, err = store.Inspect(t.Context(), dsn)
			wantDamaged(t, "inspecting", err)
			path := strings.TrimPrefix(dsn, "sqlite:")
			wantDamaged(t, "backing up", store.BackupSQLite(t.Context(), path, path+".backup"))
		})
	}
}

// TestUsingDamagedFile uses stores that can be opened, because only one table is damaged.
// The store reports the damage as soon as a call has met it.
func TestUsingDamagedFile(t *testing.T) {
	for table, use := range map[string]func(store.Store) error{
		"aliases": func(s store.Store) error {
			_, err := s.Put(t.Context(), []*datelinev1.Article{article("b", "B", "b", noon)})
			return err
		},
		"article_words_data": func(s store.Store) error {
			_, err := s.Search(t.Context(), store.Query{Text: "ferry"})
			return err
		},
		"outcomes": func(s store.Store) error {
			return s.Record(t.Context(), []*datelinev1.Outcome{outcome(datelinev1.Stage_STAGE_FETCH, "a", noon)})
		},
	} {
		t.Run(table, func(t *testing.T) {
			dsn := closedStore(t)
			var page int
			sqliteBackend.query(t, dsn, `SELECT rootpage FROM sqlite_schema WHERE name = '`+table+`'`, &page)
			overwritePages(t, dsn, page, 1)
			s := reopen(t, dsn)
			if err := s.Ping(t.Context()); err != nil {
				t.Fatalf("before the damage is met: %v", err)
			}
			wantDamaged(t, "using", use(s))
			wantDamaged(t, "pinging", s.Ping(t.Context()))
		})
	}
}

// TestDamagedPostgres has PostgreSQL report its error codes for damage.
func TestDamagedPostgres(t *testing.T) {
	for _, code := range []string{"data_corrupted", "index_corrupted"} {
		t.Run(code, func(t *testing.T) {
			dsn := postgresBackend.newDSN(t)
			s := reopen(t, dsn)
			postgresBackend.execute(t, dsn, `CREATE FUNCTION report_damage() RETURNS trigger LANGUAGE plpgsql AS
				$$ BEGIN RAISE EXCEPTION 'invalid page in block 7' USING ERRCODE = '`+code+`'; END $$`)
			postgresBackend.execute(t, dsn,
				`CREATE TRIGGER damaged BEFORE INSERT ON articles FOR EACH ROW EXECUTE FUNCTION report_damage()`)
			if err := s.Ping(t.Context()); err != nil {
				t.Fatalf("before the damage is met: %v", err)
			}
			_, err := s.Put(t.Context(), []*datelinev1.Article{article("a", "A", "a", noon)})
			wantDamaged(t, "storing", err)
			wantDamaged(t, "pinging", s.Ping(t.Context()))
		})
	}
}
