import { largeValue } from '../../../lib/values.js'

export async function GET(request) {
  const text = await largeValue()
  return Response.json({ url: request.nextUrl.pathname, length: text.length })
}
