import { defineConfig } from 'vitest/config'

/** What needs a real Chromium: `npm run test:browser`. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.browser.ts'],
    testTimeout: 60_000,
    server: { deps: { external: [/\/dist\//] } },
  },
})
