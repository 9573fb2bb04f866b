using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using ImGateway.DirectTls.Loops;
using ImGateway.DirectTls.Native;
using ImGateway.DirectTls.OpenSsl;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.DirectTls.Transport;

/// <summary>
/// A connection of <see cref="DirectTransport"/>. It begins without TLS; <see cref="BeginTlsAsync"/> starts the handshake on the socket. One loop watches the socket.
/// The pipes may be used on any thread: everything below them happens under <see cref="Lock"/>.
/// </summary>
public sealed class DirectConnection : ConnectionContext, IReadinessHandler, IThreadPoolWorkItem, IDuplexPipe,
    IConnectionIdFeature, IConnectionTransportFeature, IConnectionItemsFeature, IMemoryPoolFeature, IConnectionLifetimeFeature, IConnectionEndPointFeature
{
    static long lastId;

    ReadinessReader _input;
    ReadinessWriter _output;
    ServerHandshake? _handshake;
    TlsSession? _session;
    IDictionary<object, object?>? _items;
    IDuplexPipe? _transport;
    EndPoint? _localEndPoint;
    string? _id;
    readonly ClosedToken _closed;
    bool _isClosed, _isBroken, _readsWhenWritable;

    internal DirectConnection(Descriptor descriptor, EventLoop loop, EndPoint? remoteEndPoint, MemoryPool<byte> memoryPool)
    {
        (Loop, Socket, MemoryPool, RemoteEndPoint) = (loop, new ConnectionSocket(descriptor, loop), memoryPool, remoteEndPoint);
        (_input, _output) = (new PeekingReader(this), new PlainWriter(this));
        (Features, _closed) = (new ConnectionFeatures(this), new ClosedToken(loop));
        loop.OnConnectionAdded();
    }

    public override string ConnectionId
    {
        get => _id ??= $"{Interlocked.Increment(ref lastId):X8}";
        set => _id = value;
    }

    public override IFeatureCollection Features { get; }

    public override IDictionary<object, object?> Items
    {
        get => _items ??= new ConnectionItems();
        set => _items = value;
    }

    /// <summary>Before TLS, the bytes of the socket: what is examined and not consumed is read again by the handshake.</summary>
    public override IDuplexPipe Transport
    {
        get => _transport ?? this;
        set => _transport = value;
    }

    /// <summary>The decrypted input, once the handshake has ended.</summary>
    public PipeReader Input => _input;

    /// <summary>The output to be encrypted, once the handshake has ended.</summary>
    public PipeWriter Output => _output;

    public MemoryPool<byte> MemoryPool { get; }

    public override EndPoint? LocalEndPoint
    {
        get
        {
            lock (Lock) return _localEndPoint ??= _isClosed ? null : Socket.LocalEndPoint();
        }
        set => _localEndPoint = value;
    }

    public override EndPoint? RemoteEndPoint { get; set; }

    /// <summary>Cancelled when the client has closed its direction of the socket or the connection is broken or closed.</summary>
    public override CancellationToken ConnectionClosed
    {
        get
        {
            lock (Lock) return _closed.Token;
        }
        set => throw new NotSupportedException();
    }

    /// <summary>Bytes that the client's TCP has acknowledged; 0 if unknown.</summary>
    public long AcknowledgedBytes
    {
        get
        {
            lock (Lock) return _isClosed || _isBroken ? 0 : Socket.Acknowledged();
        }
    }

    internal EventLoop Loop { get; }

    /// <summary>Guards the socket, OpenSSL's state and the buffers. Nothing that others have written runs under it.</summary>
    internal Lock Lock { get; } = new();

    internal ConnectionSocket Socket { get; }

    /// <summary>Whether a read may find something. Under the lock.</summary>
    internal bool IsReadable { get; set; }

    /// <summary>Under the lock.</summary>
    internal bool PeerHasClosed { get; private set; }

    /// <summary>Begins the handshake, as the server, with what was not consumed of the input. Completes when the server's first flight has been sent, after the costly part.</summary>
    /// <exception cref="OpenSslException">The protocol has failed; OpenSSL has sent an alert.</exception>
    /// <exception cref="IOException">The client has closed the connection.</exception>
    public ValueTask BeginTlsAsync(TlsServer server, ServerCredential credential, CancellationToken cancellationToken)
    {
        ServerHandshake handshake;
        lock (Lock)
        {
            if (_isClosed) throw new IOException("The connection is closed.");
            Socket.SetLowWatermark(1);
            _session = server.Accept(credential, Socket.Descriptor, ((PeekingReader)_input).TakeConsumed());
            _input.Complete();
            _handshake = handshake = new ServerHandshake(this, _session);
        }

        return handshake.BeginAsync(cancellationToken);
    }

    /// <summary>Completes the handshake. From here on <see cref="Input"/> and <see cref="Output"/> are those of TLS.</summary>
    /// <exception cref="OpenSslException">The protocol has failed; OpenSSL has sent an alert.</exception>
    /// <exception cref="IOException">The client has closed the connection.</exception>
    public async ValueTask<NegotiatedTls> FinishTlsAsync(CancellationToken cancellationToken)
    {
        await _handshake!.FinishAsync(cancellationToken);
        lock (Lock)
        {
            if (_isClosed) throw new IOException("The connection is closed.");
            _handshake = null;
            (_input, _output) = (new DecryptingReader(this, _session!), new EncryptingWriter(this, _session!));
            return _session!.Negotiated();
        }
    }

    /// <summary>Sends what is pending, then close_notify (RFC 8446 §6.1). Waits for a client that does not read; <see cref="Abort(ConnectionAbortedException)"/> ends that.</summary>
    public async Task ShutdownTlsAsync()
    {
        if (_session is null) return;
        var flushed = await _output.FlushAsync(CancellationToken.None);
        while (!flushed.IsCompleted && SendCloseNotify() is TlsStatus.WantsWrite) flushed = await _output.WaitForRoomAsync();
    }

    /// <summary>Ends both directions; what waits for the connection ends then.</summary>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        lock (Lock)
        {
            if (!_isClosed && !_isBroken) Socket.Shutdown();
        }
    }

    public override ValueTask DisposeAsync()
    {
        Close();
        return base.DisposeAsync();
    }

    void IReadinessHandler.OnReady(Readiness events)
    {
        // 1. A client that has closed its direction, or a broken connection, is reported, even if no read waits.
        var isBroken = (events & (Readiness.HangUp | Readiness.Error)) != Readiness.None;
        lock (Lock)
        {
            if (_isClosed) return;
            if (isBroken || (events & Readiness.PeerClosed) != Readiness.None) OnPeerClosed(isBroken);
            IsReadable |= isBroken || (events & (Readiness.Readable | Readiness.PeerClosed)) != Readiness.None || _readsWhenWritable;
            _readsWhenWritable = false;
        }

        // 2. A consumer that waits continues here, on the loop's thread.
        if (_handshake is { } handshake)
        {
            handshake.OnReady();
            return;
        }

        if (isBroken || (events & Readiness.Writable) != Readiness.None || _output.NeedsInput) _output.OnWritable();
        if (IsReadable) _input.OnReadable();
    }

    /// <summary>A read that was put off, see <see cref="ReadSoon"/>.</summary>
    void IThreadPoolWorkItem.Execute() => _input.OnReadable();

    void IConnectionLifetimeFeature.Abort() => Abort(new ConnectionAbortedException());

    /// <summary>Under the lock, as everything that changes what is watched.</summary>
    internal void Watch(Readiness interest)
    {
        if (!_isClosed) Socket.Watch(this, interest);
    }

    internal void Unwatch(Readiness interest)
    {
        if (!_isClosed) Socket.Unwatch(interest);
    }

    /// <summary>No read waits: the loop must not be woken again for the same input. Under the lock.</summary>
    /// <param name="reader">What an event was passed to. Another one may have replaced it meanwhile, on another thread, and wait.</param>
    internal void UnwatchInput(object reader)
    {
        if (_isClosed || reader != (_handshake ?? (object)_input)) return;
        if (!_output.NeedsInput) Socket.Unwatch(Readiness.Readable);
    }

    internal void ReadSoon() => Loop.Post(this);

    internal void ReadWhenWritable()
    {
        _readsWhenWritable = true;
        Watch(Readiness.Writable);
    }

    /// <summary>
    /// The input has ended. A close_notify ends one direction only (RFC 8446 §6.1), so it does not cancel <see cref="ConnectionClosed"/>, upon which Kestrel aborts the
    /// connection: that follows the socket. Under the lock.
    /// </summary>
    internal void OnInputEnded(TlsStatus status)
    {
        if (status is not TlsStatus.Failed)
        {
            // That the peer has closed is reported from here on, even if no read has waited so far.
            Watch(Readiness.None);
            return;
        }

        Socket.Shutdown();
        _closed.Cancel();
    }

    /// <summary>The output is broken. Under the lock.</summary>
    internal void OnOutputFailed()
    {
        Socket.Shutdown();
        _closed.Cancel();
    }

    TlsStatus SendCloseNotify()
    {
        lock (Lock) return _isClosed ? TlsStatus.Failed : _session!.Shutdown();
    }

    /// <summary>Under the lock.</summary>
    void OnPeerClosed(bool isBroken)
    {
        _isBroken |= isBroken;
        // Reported for ever, whatever is watched. Who waits is served by this event.
        if (isBroken) Socket.UnwatchAll();
        // Most connections are closed by what reads the end now; then nothing has to be changed.
        else if (PeerHasClosed) Socket.IgnorePeerClosed();
        PeerHasClosed = true;
        _closed.Cancel();
    }

    void Close()
    {
        lock (Lock)
        {
            if (_isClosed) return;
            _isClosed = true;
            _handshake?.Close();
            _input.Close();
            _output.Close();
            _session?.Dispose();
            Socket.Close();
            _closed.Cancel();
        }

        Loop.OnConnectionRemoved();
    }
}
