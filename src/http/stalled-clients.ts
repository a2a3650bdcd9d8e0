import { Readable } from 'node:stream'
import type { App } from './typed-app.ts'

/**
 * Ends the connection of a client that has taken nothing of a streamed answer for `maxStallMs` milliseconds, so that it does not hold memory for ever.
 * While the answer itself waits for the database there is nothing to take. nginx's send_timeout does the same
 * (https://nginx.org/en/docs/http/ngx_http_core_module.html#send_timeout).
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
