/** Uppy as its documentation sets it up for a signing server of one's own, with all its defaults. */

import Uppy from '@uppy/core';
import AwsS3 from '@uppy/aws-s3';

const uppy = new Uppy({ autoProceed: true }).use(AwsS3, {
  async signRequest(request) {
    const answer = await fetch('sign', { method: 'POST', body: JSON.stringify(request) });
    if (!answer.ok) throw new Error(`signing failed: ${answer.status}`);
    return answer.json();
  },
});

const input = document.querySelector('input');
input.addEventListener('change', () => {
  uppy.addFiles([...input.files].map((data) => ({ name: data.name, type: data.type, data })));
});
uppy.on('complete', ({ failed }) => {
  const done = document.createElement('p');
  done.dataset.testid = failed.length > 0 ? 'failed' : 'done';
  done.textContent = `${failed.length} failed`;
  document.body.append(done);
});
