// Returns what the page lacks for people who use a screen reader.
(() => {
  const problems = [];
  const expectOne = selector => {
    const n = document.querySelectorAll(selector).length;
    if (n !== 1) problems.push(`${n} of ${selector}`);
  };
  ['main', 'h1', 'body > header'].forEach(expectOne);
  if (!document.documentElement.lang) problems.push('no language');
  if (!document.title.trim()) problems.push('no title');
  let last = 1;
  for (const heading of document.querySelectorAll('h1,h2,h3,h4')) {
    const level = +heading.tagName[1];
    if (level > last + 1) problems.push(`h${level} after h${last}`);
    last = level;
  }
  for (const field of document.querySelectorAll('input:not([type=hidden]),select')) {
    if (!field.labels.length && !field.ariaLabel) problems.push('no label: ' + field.name);
  }
  for (const image of document.querySelectorAll('img')) {
    if (!image.hasAttribute('alt')) problems.push('no alt: ' + image.src);
  }
  for (const cell of document.querySelectorAll('th')) {
    if (!cell.scope && !cell.closest('.text')) problems.push('no scope: ' + cell.textContent);
  }
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  if (new Set(ids).size !== ids.length) problems.push('duplicate ids: ' + ids);
  for (const control of document.querySelectorAll('a,button')) {
    if (!control.textContent.trim() && !control.ariaLabel) problems.push('no name: ' + control.outerHTML);
  }
  return problems;
})()
