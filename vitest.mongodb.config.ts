import { defineConfig } from 'vitest/config'

/** What needs a MongoDB server at TEST_MONGODB_URL: `npm run test:mongodb`. */
export default defineConfig({
  test: {
    include: ['test/**/*.mongodb.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: '100%',
    server: { deps: { external: [/\/dist\//] } },
  },
})
