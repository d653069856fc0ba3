'use client';
import { useState } from 'react';

export default function Counter({ from })
{
	const [n, set] = useState(from + 1);
	return <button onClick={() => set(n + 1)}>{n}</button>;
}
