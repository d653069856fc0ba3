import fs from 'node:fs';
import { build } from 'vite';

fs.writeFileSync('scratch/index.html', '<!doctype html><script type=module>document.title = "answer " + 42</script>');
const { output } = await build({ root: `${process.cwd()}/scratch`, configFile: false, logLevel: 'error' });
console.log(output.map(({ fileName }) => fileName));
