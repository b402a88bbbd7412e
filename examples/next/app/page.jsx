import { value } from '../lib/values.js'

export default async function Page() {
  return <p id="value">{await value('home')}</p>
}
