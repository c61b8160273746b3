// Returns the size in bytes of the page with all that it has loaded, before compression.
(() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .reduce((sum, entry) => sum + entry.decodedBodySize, 0))()
