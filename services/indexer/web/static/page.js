// Keyboard shortcuts, and sections that refresh themselves. Every page works without it.
'use strict';

const help = document.getElementById('keys');
const items = () => [...document.querySelectorAll('[data-item], .hits > li')];
let at = -1;

// select moves to an item of the page's list and focuses its link.
function select(index) {
  const all = items();
  if (!all.length) return;
  all[at]?.classList.remove('at');
  at = Math.max(0, Math.min(all.length - 1, index));
  all[at].classList.add('at');
  all[at].scrollIntoView({block: 'nearest'});
  all[at].querySelector('a')?.focus({preventScroll: true});
}

const actions = {
  '/': () => {
    const field = document.querySelector('input[type=search]');
    if (field) field.select();
    else location.assign('/#q');
  },
  j: () => select(at + 1),
  k: () => select(at - 1),
  o: () => items()[at]?.querySelector('a')?.click(),
  '?': () => help.showModal(),
};

document.addEventListener('keydown', event => {
  const typing = event.target.closest('input, select, textarea, dialog');
  if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

const button = document.getElementById('keys-button');
button.hidden = false;
button.addEventListener('click', () => help.showModal());
if (location.hash === '#q') document.getElementById('q')?.focus();

// A section with data-refresh is replaced by its newer version every so many seconds, while
// the page is visible and nothing in the section is focused or selected. A request starts only
// after the one before has ended.
for (const section of document.querySelectorAll('[data-refresh]')) {
  const later = () => setTimeout(() => refresh(section.id, later), 1000 * Math.max(2, +section.dataset.refresh));
  later();
}

function refresh(id, done) {
  const old = document.getElementById(id);
  const selected = !getSelection().isCollapsed && old.contains(getSelection().anchorNode);
  if (document.hidden || selected || old.contains(document.activeElement)) return done();
  const request = new XMLHttpRequest();
  request.open('GET', location.href);
  request.responseType = 'document';
  request.timeout = 10_000;
  request.onloadend = done;
  request.onload = () => {
    const newer = request.status === 200 && request.response?.getElementById(id);
    if (!newer) return;
    const opened = [...old.querySelectorAll('details')].map(d => d.open);
    newer.querySelectorAll('details').forEach((d, i) => { d.open = opened[i]; });
    old.replaceWith(document.adoptNode(newer));
  };
  request.send();
}
