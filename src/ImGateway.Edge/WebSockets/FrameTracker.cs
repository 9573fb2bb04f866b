namespace ImGateway.Edge.WebSockets;

/// <summary>
/// Tracks frame boundaries (RFC 6455 §5.2) in a byte stream that arrives in arbitrary pieces. Copies nothing and validates nothing: reserved
/// bits and opcodes concern only the two endpoints.
/// </summary>
struct FrameTracker
{
    const int CloseOpcode = 0x8;
    const int ShortestHeader = 2;
    const int MaskingKey = 4;

    // The remaining payload of the present frame; within its header, the length as far as it is known.
    ulong _left;
    int _headerSeen;
    int _headerLength;
    int _lengthEnd;
    byte _codeSeen;
    ushort _code;

    /// <summary>Whether the next byte begins a frame.</summary>
    public readonly bool IsAtBoundary => _left == 0 && _headerSeen == 0 && !IsLost;

    /// <summary>Whether a Close frame has begun or passed.</summary>
    public bool CloseHasBegun { get; private set; }

    /// <summary>The code of the Close frame (RFC 6455 §7.4); 0 before it has passed, and if it has none.</summary>
    public readonly int CloseCode => _codeSeen == sizeof(ushort) ? _code : 0;

    /// <summary>Whether a Close frame may be inserted here.</summary>
    public readonly bool MayClose => IsAtBoundary && !CloseHasBegun;

    /// <summary>Whether an invalid length has passed (RFC 6455 §5.2: the top bit must be 0), after which boundaries are unknown.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Consumes bytes up to the end of a frame, or all of them if no frame ends; returns the number.</summary>
    public int Advance(ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        while (taken < bytes.Length && !IsLost)
        {
            if (_headerSeen == 0 && _left > 0)
            {
                var payload = (int)Math.Min(_left, (ulong)(bytes.Length - taken));
                if (CloseHasBegun) TakeCode(bytes.Slice(taken, payload));
                _left -= (ulong)payload;
                taken += payload;
            }
            else
            {
                TakeHeader(bytes[taken++]);
            }

            if (IsAtBoundary) return taken;
        }

        return bytes.Length;
    }

    /// <summary>Consumes all bytes.</summary>
    public void Track(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[Advance(bytes)..];
    }

    void TakeHeader(byte next)
    {
        switch (_headerSeen)
        {
            case 0:
                CloseHasBegun |= (next & 0x0F) == CloseOpcode;
                _headerLength = ShortestHeader;
                break;
            case 1:
                var length = next & 0x7F;
                _lengthEnd = ShortestHeader + (length switch { 126 => sizeof(ushort), 127 => sizeof(ulong), _ => 0 });
                _headerLength = _lengthEnd + ((next & 0x80) != 0 ? MaskingKey : 0);
                _left = _lengthEnd == ShortestHeader ? (ulong)length : 0;
                break;
            case var seen when seen < _lengthEnd:
                _left = (_left << 8) | next;
                break;
        }

        if (++_headerSeen < _headerLength) return;
        _headerSeen = 0;
        IsLost = _left > long.MaxValue;
        // No code, or a masked one, which a server does not send (RFC 6455 §5.1); bytes after a Close frame are not frames.
        if (CloseHasBegun && _codeSeen == 0 && (_left < sizeof(ushort) || _headerLength > _lengthEnd)) _codeSeen = sizeof(ushort);
    }

    void TakeCode(ReadOnlySpan<byte> payload)
    {
        for (var i = 0; i < payload.Length && _codeSeen < sizeof(ushort); i++, _codeSeen++) _code = (ushort)(_code << 8 | payload[i]);
    }
}
