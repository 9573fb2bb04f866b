using System.Buffers;
using System.Net.Sockets;

namespace ImGateway.Edge.WebSockets;

/// <summary>
/// Relays one WebSocket by two loops, each a single method for the socket's whole life: nothing is allocated for a message, and no
/// buffer is held while waiting. Bytes pass unchanged in both directions. Frame boundaries are tracked: the upstream's, so that a Close frame
/// can be inserted between two frames; both sides', because the first Close frame decides who closed (RFC 6455 §7.1.1: the server closes
/// TCP first, even if the client began the closing handshake).
/// </summary>
sealed class WebSocketRelay(string route, Stream client, Stream upstream, WebSocketMetrics metrics, TimeProvider time) : OpenWebSocket(route, time), IDisposable
{
    /// <summary>The time limit for data sent before one side disconnected to reach the other.</summary>
    static readonly TimeSpan LastBytes = TimeSpan.FromSeconds(5);

    const int BufferSize = 16 * 1024;
    const int LargeBufferSize = 64 * 1024;

    readonly CancellationTokenSource _ended = new(Timeout.InfiniteTimeSpan, time);
    readonly CloseHandshake _close = new(client);
    RelayOutcome? _end;

    /// <summary>Whether the requested Close frame has been sent to the client.</summary>
    public bool HasSentClose => _close.IsSent;

    /// <summary>Relays until both directions have ended, and closes the upstream's side.</summary>
    public async Task<RelayOutcome> RunAsync()
    {
        // Disposing the stream ends a read from the upstream: a token would be registered again for each read.
        await using var cut = _ended.Token.UnsafeRegister(static upstream => ((Stream)upstream!).Dispose(), upstream);
        try
        {
            await Task.WhenAll(ToUpstreamAsync(), ToClientAsync());
        }
        finally
        {
            await _ended.CancelAsync();
            await _close.FinishAsync();
        }

        // An internal error is reported as one, even if a Close frame has passed before it.
        var end = _end!;
        return _close.First is { } first && end.By != ClosedBy.Error ? end with { By = first } : end;
    }

    public override void RequestClose(ushort code)
    {
        if (_close.Request(code)) _ = SendRequestedAsync(code);
    }

    public override void Abort(ClosedBy by)
    {
        // After an idle time-out the client may still be connected, so its side is closed gracefully.
        if (by == ClosedBy.Idle) End(new RelayOutcome(by, IsGraceful: true, RelayFault.IdleTimeout));
        else End(new RelayOutcome(by, IsGraceful: false));
    }

    /// <summary>The client has disconnected; bytes that it sent before may still have to be relayed.</summary>
    public void OnClientDisconnected() => EndSoon(new RelayOutcome(ClosedBy.Client, IsGraceful: true));

    public void Dispose() => _ended.Dispose();

    async Task ToUpstreamAsync()
    {
        var ended = _ended.Token;
        var size = BufferSize;
        var tracker = default(FrameTracker);
        var isWriting = false;
        try
        {
            while (true)
            {
                var waiting = client.ReadAsync(Memory<byte>.Empty, ended);
                await waiting;
                var buffer = ArrayPool<byte>.Shared.Rent(size);
                try
                {
                    var read = await client.ReadAsync(buffer, ended);
                    if (read == 0) break;
                    if (!tracker.CloseHasBegun)
                    {
                        tracker.Track(buffer.AsSpan(0, read));
                        if (tracker.CloseHasBegun) _close.Note(ClosedBy.Client);
                    }

                    BeginForward(read);
                    metrics.OnReceived(read);
                    isWriting = true;
                    await upstream.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);
                    isWriting = false;
                    EndForward();
                    size = read == buffer.Length ? LargeBufferSize : BufferSize;
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }

            // The upstream has received everything; its remaining output cannot be sent on a half-closed connection.
            End(new RelayOutcome(ClosedBy.Client, IsGraceful: true));
        }
        catch (Exception e)
        {
            // Data that the upstream sent before it disconnected is still relayed to the client.
            if (isWriting) Fail(ClosedBy.Upstream, RelayFault.UpstreamWrite, e, soon: true);
            else Fail(ClosedBy.Client, RelayFault.ClientRead, e, soon: false);
            if (!IsOfStream(e)) throw;
        }
    }

    async Task ToClientAsync()
    {
        var ended = _ended.Token;
        var size = BufferSize;
        var tracker = default(FrameTracker);
        var isDropping = false;
        var isWriting = false;
        try
        {
            while (true)
            {
                var waiting = upstream.ReadAsync(Memory<byte>.Empty, CancellationToken.None);
                if (!waiting.IsCompleted && !isDropping && tracker.MayClose)
                {
                    // Yields only to wait: while data keeps arriving this costs nothing.
                    if (_close.TryYield())
                    {
                        await waiting;
                        isDropping = !_close.TryResume();
                    }
                    else
                    {
                        isDropping = true;
                        await SendCloseAsync(_close.TakeRequest());
                        await waiting;
                    }
                }
                else
                {
                    await waiting;
                }

                var buffer = ArrayPool<byte>.Shared.Rent(size);
                try
                {
                    var reading = upstream.ReadAsync(buffer, CancellationToken.None);
                    int read;
                    if (!reading.IsCompleted && !isDropping && tracker.MayClose)
                    {
                        // A zero-byte read may complete spuriously, so this read may wait for a long time too.
                        var late = reading.AsTask();
                        isDropping = await YieldAsync(late);
                        read = await late;
                    }
                    else
                    {
                        read = await reading;
                    }

                    if (read == 0) break;
                    size = read == buffer.Length ? LargeBufferSize : BufferSize;
                    // Nothing may follow the edge's Close frame (RFC 6455 §5.5.1), but the upstream's output is read until it ends.
                    if (isDropping) continue;
                    isWriting = true;
                    var count = Follow(ref tracker, buffer.AsSpan(0, read));
                    if (tracker.CloseHasBegun)
                    {
                        _close.Note(ClosedBy.Upstream);
                        CloseCode = tracker.CloseCode;
                    }

                    BeginSend(count);
                    metrics.OnSent(count);
                    await client.WriteAsync(buffer.AsMemory(0, count), ended);
                    EndSend();
                    if (tracker.MayClose && _close.IsRequested)
                    {
                        isDropping = true;
                        await SendCloseAsync(_close.TakeRequest());
                    }

                    isWriting = false;
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }

            End(new RelayOutcome(ClosedBy.Upstream, IsGraceful: true));
        }
        catch (Exception e)
        {
            if (isWriting) Fail(ClosedBy.Client, RelayFault.ClientWrite, e, soon: true);
            else Fail(ClosedBy.Upstream, RelayFault.UpstreamRead, e, soon: false);
            if (!IsOfStream(e)) throw;
        }
    }

    /// <returns>Whether a Close frame was sent meanwhile.</returns>
    async Task<bool> YieldAsync(Task waiting)
    {
        if (_close.TryYield())
        {
            await waiting;
            return !_close.TryResume();
        }

        try
        {
            await SendCloseAsync(_close.TakeRequest());
        }
        finally
        {
            // Also after a failure, which ends the wait within LastBytes, because the pending read uses the caller's buffer.
            await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return true;
    }

    /// <summary>The number of bytes to relay: all, or up to the next frame boundary if a Close frame is requested.</summary>
    int Follow(ref FrameTracker tracker, ReadOnlySpan<byte> bytes)
    {
        if (_close.IsRequested && !tracker.CloseHasBegun) return tracker.Advance(bytes);
        tracker.Track(bytes);
        return bytes.Length;
    }

    /// <summary>A Close frame that was requested while the copy loop waits. <see cref="RunAsync"/> waits for it.</summary>
    async Task SendRequestedAsync(int code)
    {
        try
        {
            await SendCloseAsync(code);
        }
        catch (Exception)
        {
            // SendCloseAsync has ended the socket because of it.
        }
        finally
        {
            _close.Complete();
        }
    }

    async ValueTask SendCloseAsync(int code)
    {
        try
        {
            await _close.SendAsync(code, _ended.Token);
            CloseCode = code;
        }
        catch (Exception e)
        {
            // Before anything waits for the upstream: this bounds that wait.
            Fail(ClosedBy.Client, RelayFault.ClientWrite, e, soon: true);
            throw;
        }
    }

    void Fail(ClosedBy by, RelayFault fault, Exception exception, bool soon)
    {
        var end = new RelayOutcome(IsOfStream(exception) ? by : ClosedBy.Error, IsGraceful: by == ClosedBy.Client, fault, exception);
        if (soon) EndSoon(end);
        else End(end);
    }

    void End(RelayOutcome end)
    {
        Interlocked.CompareExchange(ref _end, end, null);
        try
        {
            _ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The relay has ended already.
        }
    }

    /// <summary>Lets the other direction end by itself, within <see cref="LastBytes"/>.</summary>
    void EndSoon(RelayOutcome end)
    {
        Interlocked.CompareExchange(ref _end, end, null);
        try
        {
            _ended.CancelAfter(LastBytes);
        }
        catch (ObjectDisposedException)
        {
            // The relay has ended already.
        }
    }

    /// <summary>The exceptions of a stream that has ended; InvalidOperationException if an abort has completed the pipe.</summary>
    static bool IsOfStream(Exception e) => e is IOException or SocketException or OperationCanceledException or InvalidOperationException;
}
