import { type BrowserContext, chromium } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { createFolder } from '../start-app.ts'

/** A browser with a profile of its own, which ends with the test. */
export const openBrowser = async (...args: readonly string[]): Promise<BrowserContext> => {
  const browser = await chromium.launchPersistentContext(createFolder(), {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...args,
    ],
  })
  onTestFinished(() => browser.close())
  return browser
}
