// Returns the number of visible links and fields that cannot be focused, or do
// not show their focus.
(() => {
  let problems = 0;
  for (const e of document.querySelectorAll('a[href],button,input:not([type=hidden]),summary')) {
    if (!e.checkVisibility()) continue;
    e.focus({focusVisible: true});
    if (document.activeElement !== e || getComputedStyle(e).outlineStyle === 'none') problems++;
  }
  return problems;
})()
