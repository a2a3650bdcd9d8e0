import { Readable } from 'node:stream'
import type { App } from './typed-app.ts'

/**
 * Ends the connection of a client that takes nothing of a streamed answer for `maxStallMs`
 * milliseconds, so that it does not hold memory for ever. A client that takes a little from time to
 * time is left alone, and so is one that has to wait for the database. nginx does the same
 * (send_timeout, https://nginx.org/en/docs/http/ngx_http_core_module.html#send_timeout).
 */
export const cutStalledClients = (app: App, maxStallMs: number): void => {
  app.addHook('onSend', (_, reply, payload, done) => {
    if (payload instanceof Readable) {
      reply.raw.setTimeout(maxStallMs, () => {
        if (reply.raw.writableLength > 0) reply.raw.destroy()
      })
    }
    done()
  })
}
